import { defineConfig } from 'vitepress'
import { sidebar } from '../pages.mjs'
import { slug } from '../slug.mjs'

// Diagrams are drawn in the browser: the fence becomes a component.
function mermaid(md) {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (tokens, index, ...rest) => tokens[index].info.trim() === 'mermaid'
    ? `<ClientOnly><Diagram code="${encodeURIComponent(tokens[index].content)}" /></ClientOnly>`
    : fence(tokens, index, ...rest)
}

// The path below which the site is served, such as /podflare/.
const base = process.env.PODFLARE_DOCS_BASE ?? '/'

export default defineConfig({
  base,
  srcDir: 'pages',
  title: 'Podflare',
  description: 'Self-hosted code sandboxes for AI agents.',
  lang: 'en',
  cleanUrls: true,
  ignoreDeadLinks: [/^https?:\/\/(127\.0\.0\.1|localhost)/],
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}logo.svg` }]],
  srcExclude: ['public/**'],
  markdown: { config: mermaid, anchor: { slugify: slug } },
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Start', link: '/start/curl', activeMatch: '/(start|overview|comparison)' },
      { text: 'Guides', link: '/guides/', activeMatch: '/guides/' },
      { text: 'Operate', link: '/configuration' },
      { text: 'Reference', link: '/reference/http-api', activeMatch: '/(reference|errors|sdk)/' },
      { text: 'Inside', link: '/ARCHITECTURE' }
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: 'Previous', next: 'Next' },
    footer: { message: 'MIT licence' }
  }
})
