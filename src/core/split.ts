/** What a patient's images are used for: to learn from, to choose the best checkpoint by, or to judge once at the end. */
export type Split = "train" | "validate" | "test";
