/** The version of the package that the app was built from. */
import { version } from "../../../package.json";

export const VERSION: string = version;
