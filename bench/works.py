"""What is measured, and what issue and design ask of it (`goals`). A network's row names the peers' network and how
rvbc is called for the same one."""
import collections

Network = collections.namedtuple("Network", "title file defines static steps")
NETWORKS = {
    "resnet20": Network("ResNet20 32×32", "resnet20", {"T": 2}, True, 2),
    "resnet19": Network("ResNet19 32×32", "resnet19", {"T": 2}, True, 2),
    "vgg16": Network("VGG16 32×32", "vgg16", {"T": 2}, True, 2),
    "resnet18": Network("ResNet18 224×224", "resnet18", {"T": 2}, True, 2),
    "resnet20_sequence": Network(
        "ResNet20 32×32 on sequences", "resnet20",
        {"T": 2, "events": "true", "size": 32}, False, 2),  # fmt: skip
    "vggsnn": Network("VGGSNN 48×48 on sequences", "vggsnn", {"T": 4}, False, 4),
    "scnn": Network("SCNN 128×128 on sequences", "scnn", {"T": 4}, False, 4),
}
SHAPES = {
    "resnet20": (3, 32, 32), "resnet19": (3, 32, 32), "vgg16": (3, 32, 32), "resnet18": (3, 224, 224),
    "resnet20_sequence": (2, 32, 32), "vggsnn": (2, 48, 48), "scnn": (2, 128, 128)}  # fmt: skip

SPIKES = ("f32", "i32", "i16")  # rvbc deploy --spikes
CONVOLUTIONS = ((64, 32), (128, 16), (256, 8), (512, 4))  # channels, size
CONVOLUTION_GOALS = {"f32": 2.0, "i32": 2.5, "i16": 5.0}


def inference_goal(network, batch, threads, spikes):
    """Against the faster of the fp32 peers."""
    if threads != 2:
        return None
    static = NETWORKS[network].static
    if batch == 1:
        return 4.0 if static else 2.0
    if network == "resnet18":  # measured, but no row of the goals names it at batch 32
        return None
    return {"f32": 4.0 if static else 2.0, "i16": 8.0 if static else 4.0}.get(spikes)


INT8_GOAL = 2.0  # 16-bit spikes against ONNX Runtime's int8, batch 32, two threads
TRAINING_GOALS = {"resnet20": 4.0, "resnet20_sequence": 2.0}  # against PyTorch, batch 32, two threads
TWO_THREADS_GOAL = 1.85
MEMORY_GOAL = 2.0  # PyTorch's peak memory of a training step over ours
WEIGHTS_MB, PROGRAM_MB, RESIDENT_MB = 1.50, 3.0, 12.0
COLD_SECONDS, WARM_SECONDS = 120.0, 5.0
