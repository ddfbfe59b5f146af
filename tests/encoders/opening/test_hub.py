import errno
import hashlib
import io
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request

import pytest

from hubs import COMMIT, Hub, serving
from tuwen.encoders.opening import hub, transfer
from tuwen.encoders.opening.listing import chosen
from tuwen.encoders.opening.transfer import RemoteFile
from tuwen.errors import Damaged, InputError, Unavailable

WEIGHTS = bytes(range(256)) * 400
FILES = {
    "config.json": b'{"model_type": "chinese_clip"}',
    "vocab.txt": "狗\n猫\n".encode(),
    "preprocessor_config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"the same again",
    "flax_model.msgpack": b"and again",
    "tf_model.h5": b"and again",
    "onnx/model.onnx": b"and again",
    "README.md": b"about",
    ".gitattributes": b"*",
}
TAKEN = {"config.json", "vocab.txt", "preprocessor_config.json", "model.safetensors"}


@pytest.fixture(autouse=True)
def models(monkeypatch, tmp_path):
    """An empty models folder, and an environment that says nothing."""
    for name in list(os.environ):
        if name.startswith(("TUWEN_", "HF_", "MODELSCOPE")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TUWEN_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(transfer, "PAUSES", (0.0, 0.0))
    return tmp_path / "models"


@pytest.fixture
def server(monkeypatch):
    """The little hub; both sources lead to it."""
    made = Hub()
    made.models["owner/name"] = dict(FILES)
    with serving(made) as address:
        monkeypatch.setenv("TUWEN_MIRROR", address)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", address)
        made.address = address
        yield made


@pytest.fixture
def no_sockets(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


class TestFolder:
    def test_it_is_where_the_environment_says(self, models):
        assert hub.models_folder() == models

    def test_it_is_in_the_users_cache_otherwise(self, monkeypatch, tmp_path):
        monkeypatch.delenv("TUWEN_MODELS")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert hub.models_folder() == tmp_path / "tuwen" / "models"

    @pytest.mark.parametrize(
        ("text", "is_one"),
        [
            ("owner/name", True),
            ("OFA-Sys/chinese-clip-vit-base-patch16", True),
            ("timm/vgg16.tv_in1k@v1", True),
            ("owner/name@refs/pr/1", True),
            ("name", False),
            ("a/b/c", False),
            ("/a/b", False),
            ("../b", False),
            ("a/..", False),
            ("owner/na..me", False),
            ("models/vgg16.pth", False),
            ("狗/猫", False),
        ],
    )
    def test_an_id_is_told_from_other_texts(self, text, is_one):
        assert hub.is_id(text) is is_one


class TestDownload:
    def test_one_set_of_weights_comes_with_what_describes_it(self, server, models):
        folder = hub.fetch("owner/name")
        assert folder == models / "owner" / "name"
        assert names(folder) == {*TAKEN, "tuwen.json"}
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS

    def test_the_record_names_origin_size_and_checksum(self, server):
        kept = json.loads((hub.fetch("owner/name") / "tuwen.json").read_text())
        assert (kept["source"], kept["id"], kept["revision"]) == ("hub", "owner/name", COMMIT)
        assert kept["files"]["model.safetensors"] == {
            "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
            "size": len(WEIGHTS),
        }

    def test_modelscope_gives_the_same_into_a_folder_of_its_own(self, server, models):
        folder = hub.fetch("owner/name", source="modelscope")
        assert folder == models / "modelscope" / "owner" / "name"
        assert names(folder) == {*TAKEN, "tuwen.json"}
        assert not hub.verify(folder)

    def test_a_second_fetch_asks_nobody(self, server, monkeypatch):
        folder = hub.fetch("owner/name")
        asked = len(server.asked)
        assert hub.fetch("owner/name") == folder and len(server.asked) == asked

    def test_a_revision_lies_beside(self, server, models):
        assert hub.fetch("owner/name@v1.0") == models / "owner" / "name@v1.0"
        assert any("/revision/v1.0" in path for path, _ in server.asked)

    def test_a_short_name_is_fetched_by_its_id(self, server, models):
        server.models["OFA-Sys/chinese-clip-vit-base-patch16"] = dict(FILES)
        server.models["AI-ModelScope/chinese-clip-vit-base-patch16"] = dict(FILES)
        assert hub.fetch("cn-clip-vit-b-16").parts[-2:] == ("OFA-Sys", "chinese-clip-vit-base-patch16")
        there = hub.fetch("cn-clip-vit-b-16", source="modelscope")
        assert there.parts[-2:] == ("AI-ModelScope", "chinese-clip-vit-base-patch16")

    def test_a_model_without_a_vocabulary_gets_its_own_from_where_it_lies(self, server):
        server.models["OFA-Sys/chinese-clip-rn50"] = {"clip_cn_rn50.pt": WEIGHTS}
        server.models["OFA-Sys/chinese-clip-vit-base-patch16"] = dict(FILES)
        assert names(hub.fetch("cn-clip-rn50")) == {"clip_cn_rn50.pt", "vocab.txt", "tuwen.json"}

    def test_what_broke_off_goes_on(self, server):
        server.cut = [50_000, 20_000]
        folder = hub.fetch("owner/name")
        ranges = [span for path, span in server.asked if "model.safetensors" in path]
        assert ranges == ["", "bytes=50000-", "bytes=70000-"]
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS

    def test_what_a_killed_process_left_goes_on(self, server, models):
        left = models / "owner" / ".name.part" / "model.safetensors.part"
        left.parent.mkdir(parents=True)
        left.write_bytes(WEIGHTS[:1000])
        folder = hub.fetch("owner/name")
        assert ("bytes=1000-") in [span for _, span in server.asked]
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS
        assert not left.parent.exists()

    def test_a_rest_of_another_state_is_fetched_anew(self, server, models):
        left = models / "owner" / ".name.part" / "model.safetensors.part"
        left.parent.mkdir(parents=True)
        left.write_bytes(b"x" * 1000)
        (left.parent / "old.json").write_text("{}")
        folder = hub.fetch("owner/name")
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS
        assert not (folder / "old.json").exists()

    def test_a_server_without_ranges_begins_anew(self, server):
        server.cut, server.ranges = [50_000], False
        assert (hub.fetch("owner/name") / "model.safetensors").read_bytes() == WEIGHTS

    @pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
    @pytest.mark.parametrize("source", ["hub", "modelscope"])
    def test_another_checksum_is_refused_and_leaves_no_model(self, server, models, name, source):
        server.wrong_sums.add(name)
        with pytest.raises(InputError, match=f"{name} came with another checksum"):
            hub.fetch("owner/name", source=source)
        assert not list(models.rglob("tuwen.json"))

    def test_more_bytes_than_listed_are_refused(self, server, monkeypatch):
        listing = server.listing
        monkeypatch.setattr(server, "listing", lambda model: _shorter(listing(model)))
        with pytest.raises(InputError, match="more than the 10 bytes of model"):
            hub.fetch("owner/name")

    def test_nobody_is_asked_for_an_empty_file(self, server):
        server.models["owner/name"]["added_tokens.json"] = b""
        assert (hub.fetch("owner/name") / "added_tokens.json").read_bytes() == b""
        assert not any("added_tokens" in path for path, _ in server.asked)

    def test_progress_is_told(self, server):
        told = []
        hub.fetch("owner/name", progress=lambda *step: told.append(step))
        assert told[-1] == ("model.safetensors", len(WEIGHTS), len(WEIGHTS))

    @pytest.mark.parametrize(
        "name", ["../config.json", "/etc/x.json", "a/../../x.json", "..\\x.json", "a//b"]
    )
    @pytest.mark.parametrize("source", ["hub", "modelscope"])
    def test_a_name_that_leads_out_is_refused(self, server, models, name, source):
        server.models["owner/name"][name] = b"{}"
        with pytest.raises(InputError, match="no folder may hold"):
            hub.fetch("owner/name", source=source)
        assert not names(models) - {"owner/.name.lock", "modelscope/owner/.name.lock"}

    def test_a_record_in_the_repository_is_not_taken_for_ours(self, server):
        server.models["owner/name"]["tuwen.json"] = b'{"files": {}}'
        assert "model.safetensors" in (hub.fetch("owner/name") / "tuwen.json").read_text()


def _shorter(found):
    for entry in found["siblings"]:
        if "lfs" in entry:
            entry["lfs"]["size"] = 10
    return found

    def test_several_at_once_fetch_it_once(self, server):
        with ThreadPoolExecutor(4) as pool:
            folders = list(pool.map(hub.fetch, ["owner/name"] * 4))
        assert len(set(folders)) == 1
        assert len([path for path, _ in server.asked if "model.safetensors" in path]) == 1

    def test_a_terminal_shows_how_much_has_come(self, server, monkeypatch, capsys):
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        hub.show("model.safetensors", 50_000_000, 200_000_000)
        hub.show("model.safetensors", 200_000_000, 200_000_000)
        shown = capsys.readouterr().err
        assert "50.0 of 200.0 MB  25 %" in shown and shown.endswith("100 %\n")


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "said"),
        [
            (404, "no such model or revision"),
            (401, "only to those who log in"),
            (403, "only to those who log in"),
            (429, "too many requests"),
            (500, "answers with error 500"),
        ],
    )
    @pytest.mark.parametrize("source", ["hub", "modelscope"])
    def test_each_has_its_sentence_and_says_where_to_put_the_files(self, server, models, code, said, source):
        server.fails["/api/"] = code
        with pytest.raises(Unavailable, match=said) as failed:
            hub.fetch("owner/name", source=source)
        place = models / "modelscope" if source == "modelscope" else models
        assert f"into {place / 'owner' / 'name'}" in str(failed.value)
        assert "model.safetensors" in str(failed.value)

    def test_a_wait_that_is_asked_for_is_kept(self, server, monkeypatch):
        slept = []
        monkeypatch.setattr("time.sleep", slept.append)
        server.fails["/api/"], server.retry_after = 429, "7"
        with pytest.raises(Unavailable):
            hub.fetch("owner/name")
        assert 7.0 in slept

    def test_nobody_there_is_unreachable(self, monkeypatch):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        monkeypatch.setenv("TUWEN_MIRROR", f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable, match="cannot be reached") as failed:
            hub.fetch("cn-clip-vit-b-16")
        assert "modelscope:AI-ModelScope" in str(failed.value) and "TUWEN_MIRROR" in str(failed.value)

    def test_an_answer_that_is_no_listing(self, server, monkeypatch):
        monkeypatch.setattr(server, "listing", lambda _: ["something"])
        with pytest.raises(Unavailable, match="does not say which commit"):
            hub.fetch("owner/name")
        monkeypatch.setattr(server, "modelscope", lambda _: {"Code": 10010205001, "Message": "not exist"})
        with pytest.raises(Unavailable, match="not exist"):
            hub.fetch("owner/name", source="modelscope")

    @pytest.mark.parametrize("address", ["http://example.org", "ftp://127.0.0.1", "file:///etc", "mirror"])
    def test_only_https_is_asked(self, monkeypatch, address, no_sockets):
        monkeypatch.setenv("TUWEN_MIRROR", address)
        with pytest.raises(InputError, match="must begin with https://"):
            hub.fetch("owner/name")

    def test_a_redirect_does_not_leave_https(self, server):
        server.redirect = "http://example.org/file"
        with pytest.raises(InputError, match="must begin with https://"):
            hub.fetch("owner/name")

    def test_a_redirect_from_https_does_not_come_back_to_this_machine(self):
        with pytest.raises(InputError, match="is not https"):
            transfer._Redirects().redirect_request(
                Request("https://hub.example/x"), io.BytesIO(), 302, "", {}, "http://127.0.0.1/secret"
            )

    def test_a_mirror_gets_no_token(self, server, monkeypatch):
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        hub.fetch("owner/name")
        assert not any("hf_secret" in str(headers) for headers in server.headers)

    def test_the_hub_gets_the_token_and_a_redirect_does_not(self, server, monkeypatch):
        monkeypatch.delenv("TUWEN_MIRROR")
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        server.models["owner/name"] = {"model.safetensors": WEIGHTS}
        server.redirect = f"{server.address}/owner/name/files/x/model.safetensors"
        hub.fetch("owner/name")
        told = [
            (path, "hf_secret" in str(headers.get("Authorization")))
            for (path, _), headers in zip(server.asked, server.headers, strict=True)
        ]
        assert [given for path, given in told if "/resolve/" in path or "/api/" in path] == [True, True]
        assert [given for path, given in told if "/files/" in path] == [False]

    def test_a_full_disk_is_said_before_the_download(self, server, monkeypatch):
        class Full:
            free = 1000

        monkeypatch.setattr("shutil.disk_usage", lambda _: Full)
        with pytest.raises(Unavailable, match=r"needs 0\.1 GB, but the disk .* has 0\.0 GB free"):
            hub.fetch("owner/name")

    def test_a_disk_that_fills_up_is_said(self, server, monkeypatch):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(transfer, "_copy", full)
        with pytest.raises(Unavailable, match=r"cannot be written \(No space left"):
            hub.fetch("owner/name")

    @pytest.mark.parametrize("model", ["name", "a/b/c", "../../etc", "owner/..", ""])
    def test_what_is_no_id_is_refused(self, model, no_sockets):
        with pytest.raises(InputError, match="is no id of a model"):
            hub.fetch(model)

    def test_an_unknown_source_gets_a_suggestion(self):
        with pytest.raises(InputError, match="did you mean 'modelscope'"):
            hub.fetch("owner/name", source="modelscop")


class TestOffline:
    @pytest.mark.parametrize("variable", ["TUWEN_OFFLINE", "HF_HUB_OFFLINE"])
    @pytest.mark.parametrize("source", ["hub", "modelscope"])
    def test_no_socket_is_opened_and_the_files_are_named(
        self, monkeypatch, no_sockets, models, variable, source
    ):
        monkeypatch.setenv(variable, "1")
        with pytest.raises(Unavailable) as failed:
            hub.fetch("cn-clip-vit-b-16", source=source)
        for said in (
            "config.json",
            "model.safetensors",
            "vocab.txt",
            "preprocessor_config.json",
            str(models),
        ):
            assert said in str(failed.value)

    def test_what_is_there_is_used(self, monkeypatch, no_sockets, models):
        monkeypatch.setenv("TUWEN_OFFLINE", "1")
        by_hand = models / "OFA-Sys" / "chinese-clip-rn50"
        by_hand.mkdir(parents=True)
        (by_hand / "clip_cn_rn50.pt").write_bytes(b"weights")
        assert hub.fetch("cn-clip-rn50") == by_hand
        assert names(by_hand) == {"clip_cn_rn50.pt"}

    def test_zero_is_online(self, monkeypatch):
        monkeypatch.setenv("TUWEN_OFFLINE", "0")
        assert not hub.offline()


class TestCompleteness:
    def test_a_folder_without_weights_is_named_not_overwritten(self, server, models):
        (models / "owner" / "name").mkdir(parents=True)
        (models / "owner" / "name" / "config.json").write_text("{}")
        with pytest.raises(Unavailable, match="has no file of weights"):
            hub.fetch("owner/name")
        assert names(models / "owner" / "name") == {"config.json"} and not server.asked

    def test_an_empty_folder_is_filled(self, server, models):
        (models / "owner" / "name").mkdir(parents=True)
        assert names(hub.fetch("owner/name")) > TAKEN

    def test_a_part_that_the_index_names_is_missed(self, server, models):
        folder = models / "owner" / "name"
        folder.mkdir(parents=True)
        parts = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
        index = {"weight_map": dict(zip("ab", parts, strict=True))}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        (folder / parts[0]).write_bytes(b"1")
        with pytest.raises(Unavailable, match=r"model-00002-of-00002\.safetensors is missing"):
            hub.fetch("owner/name")

    def test_an_index_of_weights_that_were_left_out_is_passed_over(self, models):
        folder = models / "owner" / "name"
        folder.mkdir(parents=True)
        index = {"weight_map": {"a": "pytorch_model-00001-of-00001.bin"}}
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
        (folder / "model.safetensors").write_bytes(b"1")
        assert hub.fetch("owner/name") == folder

    def test_what_git_left_in_the_place_of_weights_is_told(self, models):
        folder = models / "owner" / "name"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_text(
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
        )
        with pytest.raises(Unavailable, match="run git lfs pull"):
            hub.fetch("owner/name")

    def test_a_recorded_file_that_is_gone_or_cut_is_missed(self, server):
        folder = hub.fetch("owner/name")
        (folder / "vocab.txt").write_bytes(b"")
        with pytest.raises(Unavailable, match=r"vocab\.txt has 0 bytes instead of 8"):
            hub.fetch("owner/name")
        (folder / "vocab.txt").unlink()
        with pytest.raises(Unavailable, match=r"vocab\.txt is missing"):
            hub.fetch("owner/name")

    def test_rotten_content_is_found(self, server):
        folder = hub.fetch("owner/name")
        assert hub.verify(folder) == []
        (folder / "model.safetensors").write_bytes(b"\1" + WEIGHTS[1:])
        assert ["model.safetensors" in fault for fault in hub.verify(folder)] == [True]

    def test_a_folder_put_there_by_hand_has_no_record_until_it_is_made(self, tmp_path):
        (tmp_path / "x").mkdir()
        (tmp_path / "x" / "model.safetensors").write_bytes(b"weights")
        assert "has no record" in hub.verify(tmp_path / "x")[0]
        hub.record(tmp_path / "x", source="by hand")
        assert hub.verify(tmp_path / "x") == []

    def test_a_broken_record_is_said(self, server):
        folder = hub.fetch("owner/name")
        (folder / "tuwen.json").write_text("[]")
        with pytest.raises(Damaged, match="no record of files"):
            hub.fetch("owner/name")


def remote(*names):
    return [RemoteFile(name, 1, "https://x") for name in names]


class TestChoice:
    @pytest.mark.parametrize(
        ("there", "taken"),
        [
            (("clip_cn_rn50.pt", "README.md"), {"clip_cn_rn50.pt"}),
            (("cn.pt", "pytorch_model.bin", "config.json"), {"pytorch_model.bin", "config.json"}),
            (("a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors", "a.safetensors"),
             {"a.safetensors"}),
            (("open_clip_model.safetensors", "open_clip_pytorch_model.bin", "open_clip_config.json"),
             {"open_clip_model.safetensors", "open_clip_config.json"}),
            (("model.safetensors", "model.fp16.safetensors", "other.safetensors"), {"model.safetensors"}),
            (("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
              "model.safetensors.index.json", "pytorch_model.bin.index.json"),
             {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
              "model.safetensors.index.json"}),
            (("pytorch_model.bin", "training_args.bin", "optimizer.pt"), {"pytorch_model.bin"}),
            (("modules.json", "config.json", "model.safetensors", "onnx/model.onnx", "1_Pooling/config.json",
              "2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"),
             {"modules.json", "config.json", "model.safetensors", "1_Pooling/config.json",
              "2_Dense/model.safetensors"}),
            (("modules.json", "0_CLIPModel/config.json", "0_CLIPModel/pytorch_model.bin"),
             {"modules.json", "0_CLIPModel/config.json", "0_CLIPModel/pytorch_model.bin"}),
            (("encoder.json", "image/model.onnx", "text.npz", ".gitattributes"),
             {"encoder.json", "image/model.onnx", "text.npz"}),
        ],
    )  # fmt: skip
    def test_one_set_of_weights(self, there, taken):
        assert {file.name for file in chosen(remote(*there), "x")} == taken

    def test_several_models_in_one_place_are_named(self):
        with pytest.raises(InputError, match=r"several models \(QA-CLIP-RN50.pt, QA-CLIP-base.pt\)"):
            chosen(remote("QA-CLIP-base.pt", "QA-CLIP-RN50.pt"), "TencentARC/QA-CLIP")

    def test_none_is_said(self):
        with pytest.raises(InputError, match="no weights that tuwen reads"):
            chosen(remote("README.md", "tf_model.h5"), "x")


def test_a_read_only_models_folder_is_said(server, models, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(Unavailable, match=r"cannot be written .* set TUWEN_MODELS"):
        hub.fetch("owner/name")
