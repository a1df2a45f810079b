/** Exit codes: 0 where what was built can be used. */
export declare function ensureBuilt(): number;
export declare function ensureWebBuilt(): number;
