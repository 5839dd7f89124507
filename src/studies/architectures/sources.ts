// Published numbers of the lab report and of other tables, as claims to check. No result is computed from them.

const report = "A. Wagh, Lab 3 Report, ECE-GY 9143 (2022), problem 5";

/** The lab report. */
export const reported = {
  source: report,
  alexnet: {
    source: `${report}, AlexNet`,
    inputWidth: 224,
    parameters: 62_378_344,
    /** The size of the flattened map: 5 * 5 * 256, twice in the text. */
    flattened: [5, 5, 256],
    firstDense: 37_752_832,
  },
  vgg19: { source: `${report}, VGG-19`, total: 143_667_240, denseProduct: "16,77,216" },
  fields: { source: `${report}, receptive field` },
  inception: {
    source: `${report}, inception module`,
    naive: 1_115_684_864,
    reduced: 397_410_304,
    /** Both in percent. */
    ratio: 35,
    saving: 65,
  },
} as const;

/** Published tables and papers. */
export const published = {
  alexnetPaper: {
    source: "Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural networks, 2012",
    parameters: 60e6,
    neurons: 650e3,
    /** Neurons of the first layer in the list by layer. */
    firstLayer: 253_440,
  },
  burden: {
    source: "S. Albanie, convnet-burden (GitHub), table of estimates",
    /** MFLOPs, that is 10^6 MACs; MB of 2^20 bytes. */
    caffenet: { macs: 724, parameterMegabytes: 233 },
    vgg19: { parameterMegabytes: 548, featureMegabytes: 63 },
    vgg16: { parameterMegabytes: 528, featureMegabytes: 58 },
  },
  torchvision: {
    source: "torchvision, metadata of its weights (num_params, _ops)",
    alexnet: { parameters: 61_100_840, gigaMacs: 0.714 },
    vgg16: { parameters: 138_357_544, gigaMacs: 15.47 },
    vgg19: { parameters: 143_667_240, gigaMacs: 19.632 },
  },
  timm: { source: "timm, results of models: vgg19", activations: 14.86e6 },
  vggPaper: {
    source: "Simonyan and Zisserman, ICLR 2015, table 2",
    /** Millions of parameters of configurations D and E. */
    vgg16: 138,
    vgg19: 144,
  },
  fields: {
    source: "Araujo, Norris and Sim, Distill 2019, table of receptive fields",
    alexnet: { size: 195, stride: 32 },
    vgg16: { size: 212, stride: 32 },
  },
  dilation: { source: "Yu and Koltun, ICLR 2016", size: 15 },
  effective: {
    source: "Luo, Li, Urtasun and Zemel, NeurIPS 2016",
    /** Standard deviations in pixels by depth, from its formula for 3 x 3 uniform weights. */
    deviations: { 5: 1.826, 10: 2.582, 20: 3.651, 40: 5.164 },
  },
  otherSolution: {
    source: "aragaomateus, a published solution of the same homework (GitHub)",
    reducedMacs: 354_418_688,
  },
  googlenet: {
    source: "torchvision, metadata of its weights (num_params); torchinfo, expected output of its tests",
    withoutHeads: 6_624_904,
    withHeads: 13_004_888,
  },
  inceptionPaper: { source: "Szegedy et al., Going deeper with convolutions, CVPR 2015, section 4" },
} as const;
