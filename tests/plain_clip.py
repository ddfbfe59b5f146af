"""CLIP's networks written plainly, with the names that OpenAI, open_clip and Chinese-CLIP give."""

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """A residual block: attention, then two linear layers."""

    def __init__(self, width, heads, activation):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})
        self.activation = activation

    def forward(self, x, mask=None):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp["c_proj"](self.activation(self.mlp["c_fc"](self.ln_2(x))))


class Transformer(nn.Module):
    """Blocks one after the other."""

    def __init__(self, width, layers, heads, activation):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, activation) for _ in range(layers))

    def forward(self, x, mask=None):
        for block in self.resblocks:
            x = block(x, mask)
        return x


class Vision(nn.Module):
    """OpenAI's vision transformer."""

    def __init__(self, size=32, patch=8, width=128, layers=2, out=24, activation=quick_gelu):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width))
        self.positional_embedding = nn.Parameter(torch.randn((size // patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, width // 64, activation)
        self.proj = nn.Parameter(torch.randn(width, out) / width**0.5)

    def forward(self, pixels):
        x = self.conv1(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(len(x), 1, -1), x], 1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(x))[:, 0]) @ self.proj


class Bottleneck(nn.Module):
    """A block of CLIP's ResNet."""

    def __init__(self, into, inner, stride):
        super().__init__()
        out, self.stride = 4 * inner, stride
        self.conv1, self.bn1 = nn.Conv2d(into, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, padding=1, bias=False), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = None
        if stride > 1 or into != out:
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(F.avg_pool2d(y, self.stride)))
        if self.downsample is not None:
            x = self.downsample(F.avg_pool2d(x, self.stride))
        return F.relu(x + y)


class Pool(nn.Module):
    """Attention of the mean place to all places, head by head."""

    def __init__(self, side, inner, heads, out):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(side * side + 1, inner) / inner**0.5)
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(inner, inner) for _ in range(3))
        self.c_proj = nn.Linear(inner, out)
        self.heads = heads

    def forward(self, x):
        x = x.flatten(2).permute(0, 2, 1)
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positional_embedding
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        parts = []
        for one, other, value in zip(*(m.chunk(self.heads, -1) for m in (q, k, v)), strict=True):
            weights = (one @ other.transpose(1, 2) / one.shape[-1] ** 0.5).softmax(-1)
            parts.append(weights @ value)
        return self.c_proj(torch.cat(parts, -1))[:, 0]


class ResNet(nn.Module):
    """CLIP's ResNet."""

    def __init__(self, size=64, width=8, blocks=(1, 2, 1, 1), out=24):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, 2, 1, bias=False)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, 1, 1, bias=False)
        self.conv3 = nn.Conv2d(width // 2, width, 3, 1, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(width // 2), nn.BatchNorm2d(width // 2)
        self.bn3 = nn.BatchNorm2d(width)
        into = width
        for stage, count in enumerate(blocks):
            inner, layers = width * 2**stage, []
            for at in range(count):
                layers.append(Bottleneck(into, inner, 2 if stage and not at else 1))
                into = 4 * inner
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))
        self.attnpool = Pool(size // 32, into, max(1, into // 64), out)

    def forward(self, x):
        for at in (1, 2, 3):
            x = F.relu(getattr(self, f"bn{at}")(getattr(self, f"conv{at}")(x)))
        x = F.avg_pool2d(x, 2)
        return self.attnpool(self.layer4(self.layer3(self.layer2(self.layer1(x)))))


class Clip(nn.Module):
    """OpenAI's dual encoder, whose text tower looks back only and pools at the largest id."""

    def __init__(self, visual, *, words, context=16, width=64, layers=2, out=24, activation=quick_gelu):
        super().__init__()
        self.visual = visual
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(torch.randn(context, width))
        self.transformer = Transformer(width, layers, width // 64, activation)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, out) / width**0.5)
        self.logit_scale = nn.Parameter(torch.tensor(2.6))

    def text(self, ids):
        mask = torch.full((ids.shape[1], ids.shape[1]), float("-inf")).triu(1)
        x = self.token_embedding(ids) + self.positional_embedding[: ids.shape[1]]
        x = self.ln_final(self.transformer(x, mask))
        return x[torch.arange(len(x)), ids.argmax(1)] @ self.text_projection


class ChineseClip(nn.Module):
    """Chinese-CLIP's dual encoder: a BERT beside OpenAI's picture tower."""

    def __init__(self, visual, *, words, width=128, layers=2, out=24):
        from transformers import BertConfig, BertModel

        super().__init__()
        self.visual = visual
        config = BertConfig(
            vocab_size=words,
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=width // 64,
            max_position_embeddings=64,
            layer_norm_eps=1e-12,
            attn_implementation="eager",
        )
        self.bert = BertModel(config, add_pooling_layer=False)
        self.text_projection = nn.Parameter(torch.randn(width, out) / width**0.5)
        self.logit_scale = nn.Parameter(torch.tensor(2.6))

    def text(self, ids, mask):
        return self.bert(ids, attention_mask=mask).last_hidden_state[:, 0] @ self.text_projection


def settle(model, seed=0):
    """Weights that let everything matter: no zeros, no ones, statistics of batches that are not trivial."""
    torch.manual_seed(seed)
    for name, values in model.state_dict().items():
        if name.endswith("running_var"):
            values.uniform_(0.5, 2)
        elif values.is_floating_point() and values.dim():
            near_one = values.dim() == 1 and name.endswith("weight")
            values.normal_(1.0 if near_one else 0.0, 0.1 if values.dim() < 2 else values.shape[-1] ** -0.5)
    return model.eval().requires_grad_(False)
