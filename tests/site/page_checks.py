"""What is wrong with a page, whoever looks at it: structure, layout, images, anchors, axe-core."""

from pathlib import Path

AXE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

# The explorer is a program of others inside of our page; its markup is not ours to mend.
H5WEB = "#explorer"

_OUTLINE = """async h5web => {
  const ours = selector => [...document.querySelectorAll(selector)].filter(e => !e.closest(h5web))
  const found = []
  const headings = ours('h1').length
  if (headings !== 1) found.push(`${headings} h1`)
  if (!document.title.trim()) found.push('no title')
  const tooWide = document.documentElement.scrollWidth - innerWidth
  if (tooWide > 0) found.push(`${tooWide} px too wide`)
  await Promise.all(ours('img').map(image => {
    image.loading = 'eager'
    return image.decode().catch(() => found.push(`no image at ${image.getAttribute('src')}`))
  }))
  for (const link of ours('a[href^="#"]')) {
    const name = decodeURIComponent(link.hash.slice(1))
    if (name && !document.getElementById(name)) found.push(`nothing is called #${name}`)
  }
  return found
}"""

_AXE = """h5web => axe.run({exclude: [[h5web]]}, {resultTypes: ['violations'], elementRef: false})
  .then(result => result.violations.map(
    fault => `${fault.id}: ${fault.nodes.slice(0, 3).map(node => node.target.join(' ')).join(', ')}`))"""


def faults_of(page):
    """Return a line for each fault of the page as it is shown now, its menus and details opened."""
    if page.locator(H5WEB).count():
        page.wait_for_load_state("networkidle")
    found = page.evaluate(_OUTLINE, H5WEB)
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.evaluate(AXE.read_text() + "; 0")
    return found + page.evaluate(_AXE, H5WEB)
