/** The anchor of a heading, by GitHub's rule, so that a link works on GitHub and on the site. */
export const slug = heading => heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')
