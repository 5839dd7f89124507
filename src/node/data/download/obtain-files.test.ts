// Search, download, resume and all their failures, with a small data set and a simulated network.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CorruptFileError, EnvironmentError, InterruptedError, MissingDataError } from "../../../core/errors.js";
import { randomStream } from "../../../core/random/rng.js";
import type { DatasetDefinition, PublishedFile } from "../../../data/published/definition.js";
import { mnist } from "../../../data/published/mnist.js";
import { type ObtainOptions, obtainFiles } from "./obtain-files.js";
import type { Fetch, Signal } from "./transfer.js";

/** Incompressible bytes, so that the compressed file is long enough to interrupt. */
function contents(seed: number, size: number): Uint8Array {
  const stream = randomStream(seed, "test");
  return Uint8Array.from({ length: size }, (_, index) => stream.word(index));
}

const images = contents(1, 5000);
const labels = contents(2, 300);
const packed: Readonly<Record<string, Uint8Array>> = {
  "images-idx3-ubyte.gz": gzipSync(images),
  "labels-idx1-ubyte.gz": gzipSync(labels),
};

function published(name: string, bytes: Uint8Array): PublishedFile {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { name, bytes: bytes.length, packedBytes: packed[`${name}.gz`].length, sha256 };
}

const definition: DatasetDefinition = {
  ...mnist,
  id: "tiny",
  title: "Tiny",
  folders: ["tiny", "tiny/raw"],
  files: [published("images-idx3-ubyte", images), published("labels-idx1-ubyte", labels)],
  mirrors: ["https://one.test/", "https://two.test/"],
};
const whole = new Map([
  ["images-idx3-ubyte", images],
  ["labels-idx1-ubyte", labels],
]);

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "trainscope-data-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), bytes);
}

interface Request {
  readonly url: string;
  readonly range: string | undefined;
}

/** A simulated network that answers with `answer` and records the requests. Without an answer, it is offline. */
function network(answer?: (request: Request, name: string) => Response | Promise<Response>) {
  const requests: Request[] = [];
  const fetch: Fetch = async (url, init) => {
    const range = (init.headers as Record<string, string>).range;
    requests.push({ url, range });
    if (answer === undefined) {
      throw new TypeError("fetch failed", { cause: Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" }) });
    }
    return answer({ url, range }, url.slice(url.lastIndexOf("/") + 1));
  };
  return { fetch, requests };
}

/** A server that supports ranges. */
function serve({ range }: Request, name: string): Response {
  const bytes = packed[name];
  const start = range === undefined ? 0 : Number(/^bytes=(\d+)-$/.exec(range)?.[1]);
  const headers = {
    "content-length": `${bytes.length - start}`,
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
  };
  return new Response(new Uint8Array(bytes.subarray(start)), { status: range === undefined ? 200 : 206, headers });
}

/** A tar archive of regular files. */
function tarOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(bytes.length.toString(8).padStart(11, "0"), 124);
    header.write("        0", 148);
    header.write(
      header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0"),
      148,
    );
    header[154] = 0;
    return [header, bytes, Buffer.alloc(-bytes.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** Sends the first bytes and then breaks the connection. */
function breakAfter(count: number, name: string): Response {
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(packed[name].subarray(0, count));
      controller.close();
    },
  });
  return new Response(body, { headers: { "content-length": `${packed[name].length}` } });
}

function obtain(options: ObtainOptions = {}) {
  return obtainFiles(definition, { paths: { data: join(root, "cache") }, environment: {}, ...options });
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const message = await promise.then(
    () => "no error",
    (error: Error) => error.message,
  );
  return message.replaceAll(root, "<root>");
}

const stored = () => readdirSync(join(root, "cache", "tiny")).sort();

describe("lookup", () => {
  it("takes each file from --data-dir, TRAINSCOPE_DATA or the cache, whichever has it first", async () => {
    const { fetch, requests } = network();
    put("option/tiny/images-idx3-ubyte", images);
    put("environment/tiny/images-idx3-ubyte", "damaged, but never read");
    put("environment/tiny/labels-idx1-ubyte.gz", packed["labels-idx1-ubyte.gz"]);
    put("cache/tiny/labels-idx1-ubyte", "damaged, but never read");
    const environment = { TRAINSCOPE_DATA: join(root, "environment") };
    const { files } = (await obtain({ dataDir: join(root, "option"), environment, fetch })) as {
      files: Map<string, Uint8Array>;
    };
    expect(Buffer.from(files.get("images-idx3-ubyte") ?? [])).toEqual(Buffer.from(images));
    expect(Buffer.from(files.get("labels-idx1-ubyte") ?? [])).toEqual(Buffer.from(labels));
    expect(requests).toEqual([]);
  });

  it.each([
    ["in the set's folder", "tiny/images-idx3-ubyte", images],
    ["below it in raw", "tiny/raw/images-idx3-ubyte.gz", packed["images-idx3-ubyte.gz"]],
    ["directly", "images-idx3-ubyte.gz", packed["images-idx3-ubyte.gz"]],
    ["with a dot in the name", "images.idx3-ubyte", images],
    ["packed under a plain name", "images-idx3-ubyte", packed["images-idx3-ubyte.gz"]],
  ])("finds files %s", async (_, path, bytes) => {
    put(`option/${path}`, bytes);
    put("cache/tiny/labels-idx1-ubyte", labels);
    const { files } = (await obtain({ dataDir: join(root, "option"), allowDownload: false })) as {
      files: Map<string, Uint8Array>;
    };
    expect(Buffer.from(files.get("images-idx3-ubyte") ?? [])).toEqual(Buffer.from(images));
  });

  it("reports faults in a user's folder with one sentence, without using the network", async () => {
    const { fetch, requests } = network(serve);
    const dataDir = join(root, "option");
    const messages: string[] = [await messageOf(obtain({ dataDir, fetch }))];
    put("option/tiny/labels-idx1-ubyte", labels);
    const damaged = images.slice();
    damaged[4000] ^= 1;
    const cases = [
      damaged,
      images.subarray(0, 10),
      packed["images-idx3-ubyte.gz"].subarray(0, 2000),
      gzipSync(new Uint8Array(1_000_000)),
      new Uint8Array(2_000_000),
    ];
    for (const bytes of cases) {
      put("option/tiny/images-idx3-ubyte", bytes);
      await expect(obtain({ dataDir, fetch })).rejects.toThrow(CorruptFileError);
      messages.push(await messageOf(obtain({ dataDir, fetch })));
    }
    expect(messages).toMatchInlineSnapshot(`
      [
        "--data-dir: folder does not exist: received <root>/option. Name a folder that holds data sets",
        "<root>/option/tiny/images-idx3-ubyte: damaged file, its checksum is not that of the publisher: expected SHA-256 d0d0b8d363a7891e738ebdbae4fa2b28e7b0085ce142800b8ceef5128b845072, received 967fe8eb54a27ef34b9f14f8683f03140399ecd751c36ac9f74700f76ace1c2f. Replace it, or remove it to have it downloaded from https://one.test/",
        "<root>/option/tiny/images-idx3-ubyte: truncated file: expected 5000 bytes uncompressed, received 10. Replace it, or remove it to have it downloaded from https://one.test/",
        "<root>/option/tiny/images-idx3-ubyte: truncated compressed file. Replace it, or remove it to have it downloaded from https://one.test/",
        "<root>/option/tiny/images-idx3-ubyte: unpacks to more than the 5000 bytes of images-idx3-ubyte. Replace it, or remove it to have it downloaded from https://one.test/",
        "<root>/option/tiny/images-idx3-ubyte: file is too large: expected at most 1053576 bytes, received 2000000. Replace it, or remove it to have it downloaded from https://one.test/",
      ]
    `);
    expect(requests).toEqual([]);
  });

  it("refuses an incomplete folder of the user if the rest is unavailable", async () => {
    put("option/tiny/labels-idx1-ubyte", labels);
    const { fetch } = network();
    const promise = obtain({ dataDir: join(root, "option"), fetch });
    await expect(promise).rejects.toThrow(MissingDataError);
    expect(await messageOf(promise)).toMatchInlineSnapshot(
      `"data set "tiny": files are missing and cannot be downloaded: expected images-idx3-ubyte.gz in <root>/option, <root>/cache (directly, or in a folder "tiny"), received one.test: the name of the server is not known (ENOTFOUND); two.test: the name of the server is not known (ENOTFOUND). Download them from https://one.test/ or https://two.test/ into <root>/cache/tiny, or name the folder that holds them with --data-dir or TRAINSCOPE_DATA"`,
    );
  });
});

describe("download", () => {
  it("stores verified files uncompressed, reports all bytes, leaves no other files, and is not repeated", async () => {
    const { fetch, requests } = network(serve);
    const progress: number[] = [];
    let total = 0;
    const onProgress: NonNullable<ObtainOptions["onProgress"]> = ({ receivedBytes, totalBytes }) => {
      progress.push(receivedBytes);
      total = totalBytes;
    };
    expect((await obtain({ fetch, onProgress })).unavailable).toBeUndefined();
    expect(stored()).toEqual([...whole.keys()]);
    expect(readFileSync(join(root, "cache/tiny/images-idx3-ubyte"))).toEqual(Buffer.from(images));
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(total);
    expect(requests.map(({ url }) => url)).toEqual([
      "https://one.test/images-idx3-ubyte.gz",
      "https://one.test/labels-idx1-ubyte.gz",
    ]);
    await obtain({ fetch });
    expect(requests.length).toBe(2);
  });

  it("extracts the files of an archive, verifies each, and names the needed archive", async () => {
    const members = { "tiny-1/labels-idx1-ubyte": labels, "tiny-1/readme.html": contents(3, 100) };
    const whole = gzipSync(tarOf({ ...members, "tiny-1/images-idx3-ubyte": images }));
    const lacking = gzipSync(tarOf(members));
    const archive = { name: "tiny.tar.gz", packedBytes: whole.length };
    const archived = { ...definition, archive };
    const get = (fetch: Fetch) =>
      obtainFiles(archived, { paths: { data: join(root, "cache") }, environment: {}, fetch });
    const answer = (bytes: Uint8Array) => network(() => new Response(new Uint8Array(bytes)));
    const damaged = whole.slice(0, whole.length - 100);
    for (const bytes of [lacking, damaged, contents(4, 100)]) {
      const { unavailable } = await get(answer(bytes).fetch);
      expect(unavailable?.message).toContain("one.test: the file there is not the published one (SHA-256)");
      expect(unavailable?.message).toContain("Unpack tiny.tar.gz from https://one.test/");
    }
    const { fetch, requests } = answer(whole);
    const { files } = (await get(fetch)) as { files: Map<string, Uint8Array> };
    expect(Buffer.from(files.get("images-idx3-ubyte") ?? [])).toEqual(Buffer.from(images));
    expect(requests.map(({ url }) => url)).toEqual(["https://one.test/tiny.tar.gz"]);
    expect(stored()).toEqual(["images-idx3-ubyte", "labels-idx1-ubyte"]);
    await get(fetch);
    expect(requests.length).toBe(1);
  });

  it("continues a broken transfer where it stopped", async () => {
    const broken = network((_, name) => breakAfter(1000, name));
    const { unavailable } = await obtain({ fetch: broken.fetch });
    expect(unavailable?.message).toContain(
      `one.test: broken off after 1000 of ${packed["images-idx3-ubyte.gz"].length} bytes`,
    );
    expect(stored()).toEqual(["images-idx3-ubyte.gz.part"]);
    const { fetch, requests } = network(serve);
    await obtain({ fetch });
    expect(requests[0].range).toBe("bytes=1000-");
    expect(stored()).toEqual([...whole.keys()]);
  });

  it("starts over if the server does not support ranges, and if the kept bytes are wrong", async () => {
    put("cache/tiny/images-idx3-ubyte.gz.part", packed["images-idx3-ubyte.gz"].subarray(0, 500));
    put("cache/tiny/labels-idx1-ubyte.gz.part", new Uint8Array(50));
    const { fetch, requests } = network((request, name) =>
      name.startsWith("images") ? serve({ ...request, range: undefined }, name) : serve(request, name),
    );
    expect((await obtain({ fetch })).unavailable).toBeUndefined();
    expect(requests.map(({ range }) => range)).toEqual(["bytes=500-", "bytes=50-", undefined]);
    expect(stored()).toEqual([...whole.keys()]);
  });

  it("uses a part that an earlier run completed but did not unpack", async () => {
    put("cache/tiny/images-idx3-ubyte.gz.part", packed["images-idx3-ubyte.gz"]);
    const { fetch, requests } = network(serve);
    await obtain({ fetch });
    expect(requests.map(({ url }) => url)).toEqual(["https://one.test/labels-idx1-ubyte.gz"]);
  });

  it.each<[string, (name: string) => Response]>([
    ["has no such file", () => new Response("gone", { status: 404, statusText: "Not Found" })],
    ["sends other bytes", () => new Response("<html>hotel network, please log in</html>")],
    ["never stops sending", () => new Response(new Uint8Array(3_000_000))],
  ])("uses the second mirror for all files if the first one %s", async (_, first) => {
    const { fetch, requests } = network((request, name) =>
      request.url.startsWith("https://one.test") ? first(name) : serve(request, name),
    );
    expect((await obtain({ fetch })).unavailable).toBeUndefined();
    expect(requests.map(({ url }) => new URL(url).host)).toEqual(["one.test", "two.test", "two.test"]);
  });

  it("gives up after a short silence and leaves no files", async () => {
    const silent: Fetch = (_, init) => {
      const signal = init.signal as Signal;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const { unavailable } = await obtain({ fetch: silent, connectTimeoutMs: 10 });
    expect(unavailable).toBeInstanceOf(MissingDataError);
    expect(unavailable?.message).toContain("one.test: no answer within 0.01 s; two.test: no answer within 0.01 s");
    expect(stored()).toEqual([]);
  });

  it("names the missing files, their source and their destination", async () => {
    const { unavailable } = await obtain({ fetch: network().fetch });
    expect(unavailable?.exitCode).toBe(3);
    expect(await messageOf(Promise.reject(unavailable))).toMatchInlineSnapshot(
      `"data set "tiny": files are missing and cannot be downloaded: expected images-idx3-ubyte.gz, labels-idx1-ubyte.gz in <root>/cache (directly, or in a folder "tiny"), received one.test: the name of the server is not known (ENOTFOUND); two.test: the name of the server is not known (ENOTFOUND). Download them from https://one.test/ or https://two.test/ into <root>/cache/tiny, or name the folder that holds them with --data-dir or TRAINSCOPE_DATA"`,
    );
    const forbidden = await obtain({ allowDownload: false });
    expect(await messageOf(Promise.reject(forbidden.unavailable))).toMatchInlineSnapshot(
      `"data set "tiny": files are missing: expected images-idx3-ubyte.gz, labels-idx1-ubyte.gz in <root>/cache (directly, or in a folder "tiny"), received no such files. Download them from https://one.test/ or https://two.test/ into <root>/cache/tiny, or name the folder that holds them with --data-dir or TRAINSCOPE_DATA"`,
    );
  });

  it("keeps the received bytes when it is interrupted", async () => {
    const controller = new AbortController();
    const { fetch } = network(serve);
    const promise = obtain({ fetch, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(promise).rejects.toThrow(InterruptedError);
    expect(stored()).toEqual(["images-idx3-ubyte.gz.part"]);
    await expect(obtain({ fetch, signal: controller.signal })).rejects.toThrow(InterruptedError);
  });

  it("replaces a damaged file of the cache, and names it if that fails", async () => {
    put("cache/tiny/images-idx3-ubyte", "damaged");
    put("cache/tiny/labels-idx1-ubyte", labels);
    await expect(obtain({ fetch: network().fetch })).rejects.toThrow(/images-idx3-ubyte: truncated file/);
    await expect(obtain({ allowDownload: false })).rejects.toThrow(CorruptFileError);
    await obtain({ fetch: network(serve).fetch });
    expect(readFileSync(join(root, "cache/tiny/images-idx3-ubyte"))).toEqual(Buffer.from(images));
  });

  it("uses another folder if one is given, and creates it", async () => {
    const dataDir = join(root, "new");
    await obtain({ dataDir, downloadDir: dataDir, fetch: network(serve).fetch });
    expect(readdirSync(join(dataDir, "tiny")).sort()).toEqual([...whole.keys()]);
  });

  it("reports why the cache cannot be written", async () => {
    put("cache", "a file where the folder should be");
    const { unavailable } = await obtain({ fetch: network(serve).fetch });
    expect(unavailable).toBeInstanceOf(EnvironmentError);
    expect(await messageOf(Promise.reject(unavailable))).toMatchInlineSnapshot(
      `"data set "tiny": cannot keep the download (<root>/cache/tiny: cannot create because a part of the path is a file, not a folder (ENOTDIR). Choose another folder). It needs 1 MB in a folder that you may write: trainscope data get tiny --data-dir <folder>, then TRAINSCOPE_DATA=<folder>"`,
    );
  });

  it.runIf(existsSync("/dev/full"))("reports a full disk", async () => {
    mkdirSync(join(root, "cache/tiny"), { recursive: true });
    symlinkSync("/dev/full", join(root, "cache/tiny/images-idx3-ubyte.gz.part"));
    const { unavailable } = await obtain({ fetch: network(serve).fetch });
    expect(unavailable).toBeInstanceOf(EnvironmentError);
    expect(unavailable?.message).toContain("the disk is full (ENOSPC)");
  });
});
