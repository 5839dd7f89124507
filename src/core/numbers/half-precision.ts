// Converts 16-bit floats (IEEE half precision and bfloat16), which files contain, to and from numbers.

/** IEEE 754 half precision: 1 sign bit, 5 bits of exponent, 10 of mantissa. */
export function halfToNumber(word: number): number {
  const bits = word & 0xffff;
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const mantissa = bits & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

/** The nearest half-precision number, ties to even; values that round beyond 65,504 become infinite. */
export function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  const exponent = Math.min(15, Math.floor(Math.log2(size)));
  // The logarithm may be off by one next to a power of two.
  const exact = 2 ** exponent > size ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  // A mantissa that rounds up to 2,048 carries into the exponent automatically.
  return sign | (((exact + 14) << 10) + roundToEven(size * 2 ** (10 - exact)));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

const floatView = new Float32Array(1);
const wordView = new Uint32Array(floatView.buffer);

/** bfloat16 is the upper half of a float32. */
export function brainToNumber(word: number): number {
  wordView[0] = word << 16;
  return floatView[0];
}

/** The nearest bfloat16, ties to even. */
export function numberToBrain(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  floatView[0] = value;
  const bits = wordView[0];
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
