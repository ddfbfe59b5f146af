"""Who learns from the critics of CM-GANs."""

import torch

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "device": "cpu", "epochs": 1, "learning_rate": 0.0}


def test_critics_learn_at_full_strength_whatever_reaches_the_networks(classes):
    method = methods.find("cm_gan")(**SMALL).fit(*classes)
    data = [torch.from_numpy(part) for part in (classes[0], classes[1], torch.eye(3)[classes[2]].numpy())]
    batch = method._batch(data, torch.arange(20), 0.5)

    def gradients(strength):
        method.adversary = strength
        method.net_.zero_grad()
        method._step(batch).backward()
        net = method.net_
        return [net[name][0].weight.grad.clone() for name in ("critic", "text_critic", "image", "text_again")]

    without, strong = gradients(0.0), gradients(1.0)
    for same in (0, 1):
        torch.testing.assert_close(without[same], strong[same])
    for other in (2, 3):
        assert (without[other] - strong[other]).abs().max() > 1e-5
