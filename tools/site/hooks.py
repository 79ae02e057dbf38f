"""Makes a site's pages of the repository's documents.

Links between documents stay relative. Links to other files of the repository
lead to its web page; to files that don't exist they end the build, and so does a
page that the menu doesn't have.
"""

import json
import logging
import os
import posixpath
import re

log = logging.getLogger("mkdocs.hooks.links")

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
# The documents at the repository's top, whose links begin there.
TOP = {"index.md": "README.md", "CHANGELOG.md": "CHANGELOG.md", "CONTRIBUTING.md": "CONTRIBUTING.md"}
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_nav(nav, config, files):
    # Where the title leads: otherwise to the directory, of which a browser lists the files.
    nav.homepage = files.get_file_from_path("index.md").page
    listed = {page.file.src_path for page in nav.pages}
    for file in files.documentation_pages():
        if file.src_path not in listed:
            log.warning("docs/%s is not in the menu: add it to nav in tools/site/mkdocs.yml", file.src_path)


def on_page_markdown(markdown, page, config, files):
    source = page.file.src_path
    where = TOP.get(source) or posixpath.join("docs", source)
    page.edit_url = f"{config['repo_url']}/edit/main/{where}"

    def replace(match):
        target, anchor = match.group(1), match.group(2) or ""
        if "://" in target or target.startswith("mailto:"):
            return match.group(0)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(where), target))
        for name, original in TOP.items():
            if path == original:
                return relative(name, source) + anchor
        if path.startswith("docs/") and files.get_file_from_path(path[len("docs/") :]):
            return relative(path[len("docs/") :], source) + anchor
        if not os.path.exists(os.path.join(ROOT, path)):
            log.warning("%s links to %s, which doesn't exist", where, path)
        kind = "tree" if os.path.isdir(os.path.join(ROOT, path)) else "blob"
        return f"{config['repo_url']}/{kind}/main/{path}{anchor}"

    return outside_of_code(markdown, lambda text: LINK.sub(replace, text))


def relative(target, source):
    return posixpath.relpath(target, posixpath.dirname(source) or ".")


def outside_of_code(markdown, change):
    """Changes the text between fenced blocks of code alone."""
    parts = re.split(r"(?ms)(^ *```.*?^ *```[^\n]*$)", markdown)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))


def on_post_build(config):
    """Writes the sections as a script for search.js, and removes MkDocs' own index and worker."""
    search = os.path.join(config["site_dir"], "search")
    with open(os.path.join(search, "search_index.json"), encoding="utf-8") as file:
        entries = json.load(file)["docs"]
    # An entry of a whole page repeats what those of its sections have.
    titles = {entry["location"]: entry["title"] for entry in entries if "#" not in entry["location"]}
    sections = [
        {
            "location": entry["location"],
            "page": titles[entry["location"].partition("#")[0]],
            "title": entry["title"],
            "text": entry["text"],
        }
        for entry in entries
        if "#" in entry["location"]
    ]
    with open(os.path.join(search, "sections.js"), "w", encoding="utf-8") as file:
        file.write("window.siteSections = " + json.dumps(sections, ensure_ascii=False) + ";\n")
    for name in ("search_index.json", "worker.js", "lunr.js"):
        os.remove(os.path.join(search, name))
