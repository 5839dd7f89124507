// Dropout masks with which both the reference evaluation and ONNX Runtime are compared.

export interface MaskCase {
  readonly shape: readonly number[];
  readonly rate: number;
  readonly key: readonly [number, number];
}

export const maskCases: readonly MaskCase[] = [
  { shape: [1, 1], rate: 0.5, key: [0, 0] },
  { shape: [64, 120], rate: 0.5, key: [0x12345678, 0x9abcdef0] },
  { shape: [7, 6, 5, 3], rate: 0.2, key: [0xffffffff, 1] },
  { shape: [100, 33], rate: 0.1, key: [0x80000000, 0x7fffffff] },
  { shape: [3, 1000], rate: 0.9, key: [42, 0xdeadbeef] },
  { shape: [128], rate: 1 / 3, key: [5, 6] },
];
