#ifndef CV_FORMATS_PAGE_H
#define CV_FORMATS_PAGE_H

#include "crypto/bytes.h"
#include "formats/err.h"

/**
 * The page of a package (docs/PACKAGE.md): one self-contained HTML file, made of the four files in
 * formats/page/ and the package's data. What is not data is the same in every package, all languages that the
 * page speaks with it; its digest stands in the manifest, so that a page of another version of casevault can
 * be judged as well.
 */

/** cv_page_write(data, out): append the page with ${data}, JSON, in it. CV_OK; CV_ERR_LIMIT; CV_ERR_NOMEM;
 * CV_ERR_INTERNAL. */
CV_MUST_CHECK cv_status cv_page_write(struct cv_bytes data, struct cv_buf *out);
/** cv_page_digest(digest): SHA-256 of the page without its data. */
CV_MUST_CHECK cv_status cv_page_digest(uint8_t digest[static 32]);
/** cv_page_data(data, out): append ${data} as it stands in a page: so that it cannot end the element it
 * stands in. */
CV_MUST_CHECK cv_status cv_page_data(struct cv_bytes data, struct cv_buf *out);
/** cv_page_split(page, data, digest, err): a view of what stands in its place for data, and the digest of all
 * else. CV_OK; CV_ERR_FORMAT if it has no such place, or more than one. */
CV_MUST_CHECK cv_status cv_page_split(struct cv_bytes page, struct cv_bytes *data, uint8_t digest[static 32],
                                      struct cv_err *err);

/* The parts, compiled in. */
struct cv_bytes cv_page_html(void);
struct cv_bytes cv_page_css(void);
struct cv_bytes cv_page_js(void);
struct cv_bytes cv_page_words(void); /* what it says in other languages: script/languages makes it of po/ */

#endif
