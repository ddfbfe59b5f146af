"""LoRA: nothing changes at first, only thin matrices learn, and merged it gives the same."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch import nn  # noqa: E402

from tuwen.errors import InputError  # noqa: E402
from tuwen.training import lora  # noqa: E402


@pytest.fixture
def bert():
    """A BERT of two layers."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    return BertModel(config, add_pooling_layer=False).eval()


def states(network):
    with torch.no_grad():
        return network(torch.arange(12).reshape(2, 6)).last_hidden_state


def learned(network, rank=2):
    """The network with LoRA whose matrices are not zero."""
    found = lora.add(network, rank)
    with torch.no_grad():
        for one in found:
            one.normal_(0, 0.3)
    return found


def test_at_first_the_network_is_as_before(bert):
    before = states(bert)
    lora.add(bert, 2)
    assert torch.equal(states(bert), before)


def test_only_the_thin_matrices_learn(bert):
    found = lora.add(bert, 2)
    assert {id(one) for one in bert.parameters() if one.requires_grad} == {id(one) for one in found}
    assert len(found) == 2 * 2 * 4  # two matrices for query, key, value and output of two layers
    assert sum(one.numel() for one in found) == 2 * 4 * 2 * (16 + 16)


def test_merged_it_gives_what_it_gave(bert):
    before = states(bert)
    learned(bert)
    apart = states(bert)
    assert (apart - before).abs().max() > 0.1
    lora.merge(bert)
    assert not any(isinstance(layer, lora.Lora) for layer in bert.modules())
    assert torch.allclose(states(bert), apart, atol=1e-5)


def test_a_merged_state_is_what_merging_gives_and_changes_nothing(bert):
    names = set(bert.state_dict())
    learned(bert)
    apart = states(bert)
    state = lora.merged_state(bert)
    assert torch.equal(states(bert), apart)
    assert set(state) == names
    lora.merge(bert)
    assert all(torch.equal(values, state[name]) for name, values in bert.state_dict().items())


def test_what_cannot_be_done_is_said(bert):
    with pytest.raises(InputError, match="must be at least 1"):
        lora.add(bert, 0)
    with pytest.raises(InputError, match="no attention projections"):
        lora.add(nn.Sequential(nn.Linear(4, 4)), 2)
