import { keelFixture } from "./keel.ts";

export type Keel = Awaited<ReturnType<typeof keelFixture>>;
type SnapshotRestorer = Awaited<ReturnType<Keel["networkHelpers"]["takeSnapshot"]>>;

let shared: Promise<{ keel: Keel; pristine: SnapshotRestorer }> | undefined;

/**
 * Gives every test of the enclosing `describe` Keel as just deployed, or as `setUp` left it. All files share one boot;
 * each test is undone by a snapshot. Not to be nested: what an inner `describe` restores is older than what the outer one
 * wants back.
 * @returns A getter, good inside tests and hooks.
 */
export function useKeel(setUp?: (keel: Keel) => Promise<unknown>): () => Keel {
  let keel: Keel | undefined;
  let ready: SnapshotRestorer | undefined;

  before(async () => {
    shared ??= boot();
    const { pristine } = await shared;
    ({ keel } = await shared);
    await pristine.restore();
    await setUp?.(keel);
    ready = await keel.networkHelpers.takeSnapshot();
  });
  // Before, not after: an `afterEach` of the test's own is to see what the test has left.
  beforeEach(async () => {
    await ready?.restore();
  });

  return () => {
    if (keel === undefined) throw new Error("Keel is there only while tests run");
    return keel;
  };
}

async function boot() {
  const keel = await keelFixture();
  return { keel, pristine: await keel.networkHelpers.takeSnapshot() };
}
