// onnx_runtime.js FOLDER: ONNX Runtime from FOLDER/node_modules. A request a line, {model, shape, input}; an answer a line.
const path = require('path');
const ort = require(path.join(process.argv[2], 'node_modules', 'onnxruntime-node'));
const readline = require('readline');

async function answer(request) {
  const session = await ort.InferenceSession.create(request.model, {intraOpNumThreads: 1});
  const image = new ort.Tensor('float32', Float32Array.from(request.input), request.shape);
  const logits = (await session.run({[session.inputNames[0]]: image}))[session.outputNames[0]];
  await session.release();
  return {logits: Array.from(logits.data), shape: logits.dims};
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin}))
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
}
main();
