// tar: agreement with GNU tar, and hostile archives.

import fc from "fast-check";
import { gunzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { TrainscopeError } from "../../core/errors.js";
import { readTar } from "./tar.js";

// GNU tar 1.34: tar czf - --owner=0 --group=0 --mtime=@0 folder, with folder/a.txt "hello", folder/b.bin of 513 x "b",
// a symbolic link, and a path of 120 characters (a GNU long name).
const reference =
  "H4sIAAAAAAAAA+3W7QqCMBQG4F3KrkCn7uNvF+BNJGlJw4EZdPktk0ilpB/HEb4PwgQHO3J2dlY5eyjbmFESnlGqH73pOH9PhDGCcUUa1eB66f" +
  "Yt56x1rvs2b+n7n6qe+S+iom6o1ngkVUv5Kf+Jfyb5T7TJGBdUAb3beP4L2LbQGxCCGs5/WzdnsjX6/m/MD/0/1almPN1H3Y360N34+R/FUbzL" +
  "XXPM6XbAQv8Xidaz/i98/nOieEY2nv+h/ptVhf5peFkj/0v1L4Qc138mjUpx/1+D9Ud/6BggnKH+SW9ay/Wvpv3f+Omo/xWcSmtd6CAAAAAAAA" +
  "AAAACAxB1djqUaACgAAA==";

const archive = gunzipSync(new Uint8Array(Buffer.from(reference, "base64")));

function messageOf(bytes: Uint8Array): string {
  try {
    readTar(bytes, "a.tar");
  } catch (error) {
    if (error instanceof TrainscopeError) return error.message;
    throw error;
  }
  return "no error";
}

describe("tar", () => {
  it("reads the files of a GNU tar archive and skips folders and links", () => {
    const files = readTar(archive, "a.tar");
    expect(new TextDecoder().decode(files.get("folder/a.txt")!)).toBe("hello");
    expect(files.get("folder/b.bin")).toEqual(new Uint8Array(513).fill(98));
    expect([...files.keys()].sort().slice(0, 2)).toEqual(["folder/a.txt", "folder/b.bin"]);
    expect(files.size).toBe(3);
  });

  it("refuses a damaged archive with one sentence", () => {
    const change = (position: number, value: number) => {
      const bytes = archive.slice();
      bytes[position] = value;
      return bytes;
    };
    const huge = archive.slice();
    huge.fill(0x37, 124, 135);
    let sum = 0;
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : huge[i];
    huge.set(new TextEncoder().encode(sum.toString(8).padStart(6, "0")), 148);
    const cases = [new Uint8Array(0), archive.subarray(0, 1000), change(0, 1), change(130, 200), huge];
    expect(cases.map(messageOf)).toMatchInlineSnapshot(`
      [
        "a.tar: truncated tar archive. The archive is damaged or of another kind: fetch it again",
        "a.tar: truncated tar archive. The archive is damaged or of another kind: fetch it again",
        "a.tar: not a tar archive, or a damaged one. The archive is damaged or of another kind: fetch it again",
        "a.tar: not a tar archive, or a damaged one. The archive is damaged or of another kind: fetch it again",
        "a.tar: truncated tar archive. The archive is damaged or of another kind: fetch it again",
      ]
    `);
  });

  it("throws only documented errors on mutated archives", () => {
    const change = fc.tuple(fc.nat(1023), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 5 }), fc.nat(archive.length), (changes, length) => {
        const bytes = archive.slice();
        for (const [position, value] of changes) bytes[position] = value;
        messageOf(bytes);
        messageOf(bytes.subarray(0, length));
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
