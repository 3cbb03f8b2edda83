// ONNX Runtime's side of the benchmark: reads one request a line on stdin, answers with one line of JSON.
//
//   {"do": "prepare", "model": FILE, "shape": [...], "threads": 1}      {"do": "sample", "seconds": 0.3, "least": 2}
//   {"do": "ranges", "model": FILE, "shape": [...]}: smallest and largest value of every output, for calibration
const ort = require('onnxruntime-node');
const fs = require('fs');
const readline = require('readline');

let session, feeds;

// The input: what bench/peers/export_onnx.py wrote next to the model, or a fixed pseudorandom normal distribution.
function input(request) {
  const count = request.shape.reduce((a, b) => a * b, 1);
  if (request.input) {
    const bytes = fs.readFileSync(request.input);
    return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  }
  let state = 12345;
  const uniform = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  return Float32Array.from({length: count}, () => {
    let sum = -6;
    for (let i = 0; i < 12; ++i) sum += uniform();
    return sum;
  });
}

async function prepare(request) {
  if (session) await session.release();
  session = await ort.InferenceSession.create(request.model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: request.threads || 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    enableMemPattern: true,
    extra: {session: {set_denormal_as_zero: '1'}},
  });
  feeds = {[session.inputNames[0]]: new ort.Tensor('float32', input(request), request.shape)};
  await session.run(feeds);
  return session.run(feeds);
}

async function sample(request) {
  const ms = [];
  let total = 0;
  while (ms.length < request.least || (total < 1000 * request.seconds && ms.length < 1000)) {
    const begin = process.hrtime.bigint();
    await session.run(feeds);
    ms.push(Number(process.hrtime.bigint() - begin) / 1e6);
    total += ms[ms.length - 1];
  }
  return {ms};
}

function range(tensor) {
  let low = Infinity, high = -Infinity;
  for (const value of tensor.data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

async function answer(request) {
  if (request.do === 'prepare') {
    const result = await prepare(request);
    return {mode: 'all optimisations', version: ort.env.versions.node, first: Array.from(result[session.outputNames[0]].data.slice(0, 16))};
  }
  if (request.do === 'ranges') {
    const result = await prepare(request);
    return {ranges: Object.fromEntries(session.outputNames.map((name) => [name, range(result[name])]))};
  }
  if (request.do === 'sample') return sample(request);
  return {peak_bytes: process.resourceUsage().maxRSS * 1024};
}

async function main() {
  for await (const line of readline.createInterface({input: process.stdin}))
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
}
main();
