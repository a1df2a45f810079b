/** What label ids mean everywhere. */

/** The label that means "no truth here": it is learnt and scored nowhere, so no label of a data set may have it. */
export const IGNORE_LABEL = 255;
