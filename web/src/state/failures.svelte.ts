/** What went wrong, until the user has read it. */
import { TEXT } from "../text.ts";
import { WorkerStopped } from "../worker/client.ts";
import { type Failure, isUsersWish, unpackError } from "../worker/failure.ts";

export class Failures {
  list = $state.raw<readonly Failure[]>([]);

  /** The same is said once. */
  tell(...failures: readonly Failure[]): void {
    const fresh = failures.filter(({ message }) => !this.list.some((each) => each.message === message));
    this.list = [...this.list, ...fresh];
  }

  take(error: unknown): void {
    if (isUsersWish(error)) return;
    if (error instanceof WorkerStopped)
      this.tell({ message: TEXT.errors.worker, hint: TEXT.errors.workerHint });
    else this.tell(unpackError(error));
  }

  dismiss(failure: Failure): void {
    this.list = this.list.filter((each) => each !== failure);
  }
}
