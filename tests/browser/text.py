"""What one can read on a page, measured: how large type is, what is cut off or overprinted, what scrolls sideways.

A chart that is wider than its place may scroll in it; the page may not.
"""

SMALLEST = 9  # pixels on the screen
FAULTS = """smallest => {
  const faults = new Set(), main = document.querySelector('[data-testid=stMain]')
  const add = (what, text, node) => faults.add(`${what}: ${text.trim().slice(0, 40)} (in ${
    node.closest('svg.marks')?.getAttribute('aria-label') ?? node.closest('[data-testid]')?.dataset.testid})`)
  const scrolls = node => { for (let n = node.parentElement; n && n !== main; n = n.parentElement)
    if (/auto|scroll/.test(getComputedStyle(n).overflowX)) return true }
  if (main.scrollWidth > main.clientWidth + 1)
    faults.add(`scrolls sideways: ${main.scrollWidth} of ${main.clientWidth}`)
  const seen = node => node.checkVisibility({opacityProperty: true, visibilityProperty: true})
  const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT)
  while (walk.nextNode()) {
    const text = walk.currentNode.data, node = walk.currentNode.parentElement
    if (!text.trim() || !seen(node)) continue
    if (node.closest('.tf-said, .katex, style, script, canvas, [data-testid=stDataFrame]')) continue
    const range = document.createRange(); range.selectNodeContents(walk.currentNode)
    const box = range.getBoundingClientRect()
    if (!box.width) continue
    const size = parseFloat(getComputedStyle(node).fontSize) * (node.getScreenCTM?.()?.d || 1)
    const turned = node.getScreenCTM && Math.abs(node.getScreenCTM().b) > 0.1
    if (!turned && size < smallest - 0.05) add(`${size.toFixed(1)} px`, text, node)
    if (turned && parseFloat(getComputedStyle(node).fontSize) < smallest - 0.05) add('small', text, node)
    if (box.right > innerWidth + 1 && !scrolls(node)) add('cut off at the edge', text, node)
  }
  for (const svg of main.querySelectorAll('svg.marks')) {
    const room = svg.getBoundingClientRect()
    const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim() && seen(t))
    const boxes = texts.map(t => t.getBoundingClientRect())
    boxes.forEach((a, i) => {
      if (a.left < room.left - 2 || a.right > room.right + 2 || a.top < room.top - 3 || a.bottom > room.bottom + 3)
        add('cut off', texts[i].textContent, texts[i])
      boxes.slice(i + 1).forEach((b, j) => {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
        if (across > 2 && down > 5)
          add('overprinted', `${texts[i].textContent} | ${texts[i + j + 1].textContent}`, texts[i])
      })
    })
    const column = svg.closest('[data-testid=stVerticalBlock]').getBoundingClientRect()
    if (room.right > column.right + 1 && !scrolls(svg)) add('out of its column', '', svg)
  }
  return [...faults]
}"""


def faults(page):
    """What is wrong with the text of a settled page, each as one line."""
    return page.evaluate(FAULTS, SMALLEST)
