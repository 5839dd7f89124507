// Trains a small convolutional network on MNIST and prints how well it does after every epoch.
import { nn, optim, train } from "trainscope";
import { dataset, nodeRuntime } from "trainscope/node";

const model = nn.sequential([
  nn.conv2d({ filters: 6, kernel: 5, padding: 2 }),
  nn.relu(),
  nn.maxPool2d({ kernel: 2 }),
  nn.flatten(),
  nn.dense({ units: 10 }),
]);

for await (const row of train({
  model,
  data: await dataset("mnist"),
  optimizer: optim.adam({ learningRate: 1e-3 }),
  batchSize: 64,
  epochs: 3,
  seed: 0,
  runtime: nodeRuntime(),
})) {
  if (row.phase === "validation") console.log(`epoch ${row.epoch}: ${row.metric} ${row.value.toFixed(4)}`);
}
