// Rows of equal width in one array that is doubled when it is full.

export class GrowingRows {
  readonly #width: number;
  #data = new Float32Array(0);
  #length = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get rows(): number {
    return this.#length / this.#width;
  }

  add(values: Float32Array): void {
    const length = this.#length + values.length;
    if (length > this.#data.length) {
      const larger = new Float32Array(Math.max(length, 2 * this.#data.length));
      larger.set(this.#data.subarray(0, this.#length));
      this.#data = larger;
    }
    this.#data.set(values, this.#length);
    this.#length = length;
  }

  row(index: number): Float32Array {
    return this.#data.subarray(index * this.#width, (index + 1) * this.#width);
  }

  copy(rows: number): Float32Array {
    return this.#data.slice(0, Math.min(this.#length, rows * this.#width));
  }
}
