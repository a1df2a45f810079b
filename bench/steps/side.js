/** A side of a comparison: a process that answers each line with one line of JSON. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** @returns what the process says when it is ready, and how to make it go on and end */
export async function startSide(command, args, name) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} ended without an answer`);
    return JSON.parse(value);
  };
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    return read();
  };
  return { ...(await read()), go: () => ask("go"), end: () => ask("end") };
}

const sorted = (all) => [...all].sort((a, b) => a - b);
export const quantile = (all, share) => sorted(all)[Math.min(all.length - 1, Math.floor(all.length * share))];
export const median = (all) => quantile(all, 0.5);
