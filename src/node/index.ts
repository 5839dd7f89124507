// The Node part of the library: native execution, data sets on disk, rendered figures, the store of runs.

// Execute: native ONNX Runtime in a worker thread.
export { type NodeRuntimeOptions, nodeRuntime } from "./runtime/node-runtime.js";

// Data: published sets by name, from a folder, the cache or the publisher, with the embedded sample as a fallback; and
// your own files.
export { type LoadDatasetOptions, loadDataset as dataset } from "./data/load-dataset.js";
export { loadUserData, type UserDataOptions } from "./data/user-data.js";
export { type NodeResolverOptions, nodeDataResolver } from "./data/data-resolver.js";
export { artifactFolder } from "./files/artifact-folder.js";
export {
  type DatasetStatus,
  type FileCheck,
  getDataset,
  listDatasets,
  verifyDataset,
} from "./data/download/library.js";

// Inspect: what a model in an .onnx file costs and sees, without reading its weights.
export { inspectFile, onnxFileSubject } from "./inspect-file.js";

// Figures: Vega-Lite to SVG and PNG without a browser.
export { type FigureRenderer, openFigureRenderer, type RenderOptions } from "./render.js";

// Runs: the store of the command line, and its location.
export { type Paths, type PathsOptions, trainscopePaths } from "./files/paths.js";
export { type NodeExecutorOptions, nodeExecutor } from "./node-executor.js";
export { openRunStore, type StoreOptions } from "./store/open-store.js";
