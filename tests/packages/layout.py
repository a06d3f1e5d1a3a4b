"""Judges what packs the program without packing it: the version from tags in every kind of copy, archives that are the same bytes twice, install and uninstall."""
import os
import shutil
import subprocess
import sys
import tempfile

root = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
work = tempfile.mkdtemp()
environment = {k: v for k, v in os.environ.items() if k not in ("OFFLINEPATCH_VERSION", "SOURCE_DATE_EPOCH")}
environment.update(GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@example.invalid", GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.invalid",
                   GIT_AUTHOR_DATE="2026-01-02T03:04:05Z", GIT_COMMITTER_DATE="2026-01-02T03:04:05Z", GIT_CONFIG_GLOBAL="/dev/null")


def run(*command, where=work, **more):
    result = subprocess.run(command, cwd=where, env={**environment, **more}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout.strip()


def version(folder, *options):
    return run("sh", "src/deploy/package/version.sh", *options, where=folder)


def equal(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r}, wanted {wanted!r}")


def versions():
    tree = os.path.join(work, "tree")
    os.makedirs(os.path.join(tree, "src/deploy/package"))
    for name in ("src/deploy/package/version.sh", "src/deploy/package/archive.txt", ".gitattributes"):
        shutil.copy(os.path.join(root, name), os.path.join(tree, name))
    with open(os.path.join(tree, "src/Directory.Build.props"), "w", encoding="utf-8") as file:
        file.write("<Project>\n    <Version>9.8.7</Version>\n</Project>\n")
    equal("no repository", version(tree), "9.8.7-dev")
    run("git", "init", "-q", where=tree)
    run("git", "add", ".", where=tree)
    run("git", "commit", "-q", "-m", "1", where=tree)
    head = run("git", "rev-parse", "--short=7", "HEAD", where=tree)
    equal("no tag", version(tree), f"9.8.7-dev+g{head}")
    equal("time", version(tree, "--epoch"), "1767323045")
    run("git", "tag", "-a", "-m", "t", "v1.2.0", where=tree)
    equal("tag", version(tree), "1.2.0")
    run("git", "commit", "-q", "--allow-empty", "-m", "2", where=tree)
    head = run("git", "rev-parse", "--short=7", "HEAD", where=tree)
    equal("after a tag", version(tree), f"1.2.1-alpha.0.1+g{head}")
    run("git", "clone", "-q", "--depth", "1", "file://" + tree, os.path.join(work, "shallow"))
    equal("a shallow clone", version(os.path.join(work, "shallow")), f"9.8.7-dev+g{head}")
    os.mkdir(os.path.join(work, "archive"))
    run("sh", "-c", f"git archive HEAD | tar -x -C {work}/archive", where=tree)
    got = version(os.path.join(work, "archive"))
    # git before 2.35 does not describe in an archive
    if got not in (f"1.2.1-alpha.0.1+g{head}", f"9.8.7-dev+g{head}"):
        sys.exit(f"an archive: {got}")
    equal("time of an archive", version(os.path.join(work, "archive"), "--epoch"), "1767323045")
    with open(os.path.join(tree, "src/Directory.Build.props"), "a", encoding="utf-8") as file:
        file.write("\n")
    equal("changed", version(tree), f"1.2.1-alpha.0.1+g{head}.dirty")
    run("git", "commit", "-q", "-a", "-m", "3", where=tree)
    run("git", "tag", "v1.3.0-rc.1", where=tree)
    equal("a candidate", version(tree), "1.3.0-rc.1")
    equal("from the environment", run("sh", "src/deploy/package/version.sh", where=tree, OFFLINEPATCH_VERSION="5.0.0"), "5.0.0")


def archives():
    for kind in ("tar", "zip"):
        made = []
        for copy in ("one", "two"):
            folder = os.path.join(work, kind + copy, "folder")
            os.makedirs(os.path.join(folder, "b"))
            for name in ("b/z", "a") if copy == "one" else ("a", "b/z"):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(name * 1000)
            os.utime(os.path.join(folder, "a"), (1, 1) if copy == "one" else (2e9, 2e9))
            out = os.path.join(work, f"{copy}.{kind}")
            run("python3", os.path.join(root, "src/deploy/package/package.py"), kind, folder, out, SOURCE_DATE_EPOCH="1767323045")
            with open(out, "rb") as file:
                made.append(file.read())
        equal(f"two archives ({kind})", made[0] == made[1], True)


def installation():
    stage = os.path.join(work, "stage")
    run("make", "install", "PREFIX=/usr", f"DESTDIR={stage}", where=root)
    found = {os.path.relpath(os.path.join(b, f), stage) for b, _, files in os.walk(stage) for f in files}
    wanted = {"usr/bin/offlinepatch", "usr/share/man/man1/offlinepatch.1", "usr/share/man/man1/offlinepatch-fix.1", "usr/share/bash-completion/completions/offlinepatch",
              "usr/share/zsh/site-functions/_offlinepatch", "usr/share/fish/vendor_completions.d/offlinepatch.fish", "usr/share/doc/offlinepatch/LICENSE"}
    equal("not installed", wanted - found, set())
    equal("the program", run(os.path.join(stage, "usr/bin/offlinepatch"), "--version"), run(os.path.join(root, "bin/offlinepatch"), "--version"))
    run("make", "uninstall", "PREFIX=/usr", f"DESTDIR={stage}", where=root)
    equal("left behind", [os.path.join(b, f) for b, _, files in os.walk(stage) for f in files], [])


try:
    versions()
    archives()
    installation()
    print("packaging: versions, archives and installation as they should be")
finally:
    shutil.rmtree(work)
