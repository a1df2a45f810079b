/** What is timed: a network with its recipe, the size of its images and of a batch. */
const SIZE_256 = { width: 256, height: 256 };
const PELVIS = { preset: "pelvis", size: { width: 256, height: 128 }, levels: 5, baseWidth: 16 };

export const WORKS = [
  { id: "a1", name: "seed, 3 levels, base 64", preset: "seed", size: SIZE_256, batch: 1 },
  { id: "a4", name: "seed, 3 levels, base 64", preset: "seed", size: SIZE_256, batch: 4 },
  { id: "b", name: "seed, 3 levels, base 16", preset: "seed", baseWidth: 16, size: SIZE_256, batch: 4 },
  { id: "c", name: "ronneberger", preset: "ronneberger", size: { width: 572, height: 572 }, batch: 1 },
  { id: "d", name: "sakboonyara", preset: "sakboonyara", size: SIZE_256, batch: 1 },
  // The same loss can be shown only where nothing is drawn at random.
  { id: "e0", name: "pelvis, as e but nothing augmented", ...PELVIS, batch: 8, deepSupervision: 2 },
  {
    id: "e",
    name: "pelvis, augmentation, deep supervision, AdamW, average",
    ...PELVIS,
    batch: 8,
    deepSupervision: 2,
    augment: true,
  },
  {
    id: "h",
    name: "pelvis as planned for hippocampus, nothing augmented",
    preset: "pelvis",
    size: { width: 48, height: 64 },
    levels: 3,
    baseWidth: 16,
    inChannels: 3,
    batch: 16,
  },
];
