"""The networks of stdlib/networks in PyTorch, written down from the group's code and not from the .rvb files, narrow and on
small inputs. Each function gives the layers of one network; `net` is a reference.Network."""


def spike(net, x):
    return net.reverb(x)


def conv(net, x, name, channels, kernel=3, stride=1, padding=1, weights="alpha", bias=False):
    return net.conv2d(x, name, channels, kernel, stride, padding, weights, bias)


def block(net, x, name, channels, stride, pooled):
    y = net.batchnorm(conv(net, x, name + ".conv1", channels, stride=stride), name + ".bn1")
    y = net.batchnorm(conv(net, spike(net, y), name + ".conv2", channels), name + ".bn2")
    if stride != 1 or x.shape[2] != channels:
        if pooled and stride != 1:
            x = net.pool(x, "average", stride)
        x = conv(net, x, name + ".shortcut", channels, 1, 1 if pooled else stride, 0)
        x = net.batchnorm(x, name + ".shortcut_bn")
    return spike(net, y + x)


def stages(net, x, channels, counts, pooled):
    for stage, (width, count) in enumerate(zip(channels, counts)):
        for i in range(count):
            x = block(net, x, f"layer.{stage}.{i}", width, 2 if stage > 0 and i == 0 else 1, pooled)
    return x


def resnet20(width, classes):
    def layers(net, x):
        for i in range(3):
            x = conv(net, x, f"stem.{i}", width, weights="real" if i == 0 else "alpha")
            x = spike(net, net.batchnorm(x, f"stem_bn.{i}"))
        x = net.pool(x, "average", 2)
        x = stages(net, x, [width, 2 * width, 4 * width, 8 * width], [2, 2, 2, 2], pooled=True)
        return net.linear(x.mean((3, 4)), "classifier", classes)

    return layers


def resnet19(width, classes, tet=False):
    def layers(net, x):
        x = conv(net, x, "stem", width // 2 if tet else width, weights="real")
        x = spike(net, net.batchnorm(x, "stem_bn"))
        x = stages(net, x, [width, 2 * width, 4 * width], [3, 3, 2], pooled=False).mean((3, 4))
        if tet:
            x = spike(net, net.linear(x, "hidden", 2 * width))
        return net.linear(x, "classifier", classes)

    return layers


def vgg16(width, classes):
    plan = [[width] * 2, [2 * width] * 2, [4 * width] * 3, [8 * width] * 3, [8 * width] * 3]

    def layers(net, x):
        for stage, channels in enumerate(plan):
            for i, count in enumerate(channels):
                kind = "real" if stage == i == 0 else "alpha"
                x = conv(net, x, f"conv.{stage}.{i}", count, weights=kind, bias=True)
                x = spike(net, net.batchnorm(x, f"bn.{stage}.{i}"))
            x = net.pool(x, "average", 2)
        return net.linear(x.mean((3, 4)), "classifier", classes)

    return layers


def imagenet_resnet(counts):
    def network(width, classes):
        def layers(net, x):
            x = conv(net, x, "stem", width, 7, 2, 3, "real")
            x = spike(net, net.batchnorm(x, "stem_bn"))
            x = net.pool(x, "average", 3, 2, 1)
            x = stages(net, x, [width, 2 * width, 4 * width, 8 * width], counts, pooled=False)
            return net.linear(x.mean((3, 4)), "classifier", classes)

        return layers

    return network


def vggsnn(width, classes, pooling=True):
    def layers(net, x):
        for i, factor in enumerate([1, 2, 4, 4, 8, 8, 8, 8]):
            stride = 2 if i % 2 == 1 and not pooling else 1
            x = conv(net, x, f"conv.{i}", factor * width, 3, stride, 1, "alpha" if i else "real", bias=True)
            x = spike(net, net.batchnorm(x, f"bn.{i}"))
            if i % 2 == 1 and pooling:
                x = net.pool(x, "average", 2)
        return net.linear(x.flatten(2), "classifier", classes)

    return layers


def scnn(width, classes, candidate="tcja", voters=10):
    def layers(net, x):
        for i in range(5):
            channels = width // 2 if candidate == "asa" and i == 0 else width
            x = conv(net, x, f"conv.{i}", channels, weights="alpha" if i else "real")
            x = spike(net, net.batchnorm(x, f"bn.{i}"))
            x = net.pool(x, "average" if candidate == "asa" and i < 4 else "maximum", 2)
        bias = candidate == "asa"
        x = spike(net, net.linear(x.flatten(2), "hidden", 4 * width, bias=bias))
        x = net.linear(x, "classifier", voters * classes, bias=bias)
        return x.unflatten(2, (classes, voters)).mean(3)

    return layers


# name, layers, file, settings other than T, classes, size and threshold; sequence, T, [samples, channels, size]
CASES = [
    ("resnet20", resnet20(2, 7), "resnet20", dict(width=2), False, 2, [4, 3, 16]),
    ("resnet20_events", resnet20(2, 7), "resnet20", dict(width=2, events=True), True, 3, [4, 2, 16]),
    ("resnet19", resnet19(4, 7), "resnet19", dict(width=4), False, 2, [3, 3, 10]),
    ("resnet19_events", resnet19(4, 7), "resnet19", dict(width=4, events=True), True, 3, [3, 2, 9]),
    ("resnet19_tet", resnet19(4, 7, True), "resnet19", dict(width=4, tet=True), False, 2, [3, 3, 8]),
    ("vgg16", vgg16(2, 7), "vgg16", dict(width=2), False, 2, [5, 3, 32]),
    ("resnet18", imagenet_resnet([2, 2, 2, 2])(2, 7), "resnet18", dict(width=2), False, 2, [3, 3, 46]),
    ("resnet34", imagenet_resnet([3, 4, 6, 3])(2, 7), "resnet34", dict(width=2), False, 1, [3, 3, 46]),
    ("vggsnn", vggsnn(2, 7), "vggsnn", dict(width=2), True, 3, [3, 2, 16]),
    ("vggsnn_strided", vggsnn(2, 7, False), "vggsnn", dict(width=2, pooling=False), True, 3, [3, 2, 16]),
    ("scnn", scnn(4, 3), "scnn", dict(width=4), True, 3, [3, 2, 32]),
    ("scnn_asa", scnn(4, 3, "asa"), "scnn", dict(width=4, candidate="asa"), True, 3, [3, 2, 32]),
]
