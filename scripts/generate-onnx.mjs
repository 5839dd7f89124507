// Writes src/onnx/file/generated/onnx_pb.ts from tools/onnx/onnx.proto: messages of the ONNX format, int64 as bigint.
// Runs offline: buf compiles the local file and calls the protoc-gen-es of node_modules.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

const template = {
  version: "v2",
  plugins: [
    {
      local: ["node", "node_modules/@bufbuild/protoc-gen-es/bin/protoc-gen-es"],
      out: "src/onnx/file/generated",
      opt: ["target=ts", "import_extension=js"],
    },
  ],
};

const args = ["node_modules/@bufbuild/buf/bin/buf", "generate", "tools/onnx", "--template", JSON.stringify(template)];
execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
console.log("wrote src/onnx/file/generated/onnx_pb.ts");
