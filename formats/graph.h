#ifndef CV_FORMATS_GRAPH_H
#define CV_FORMATS_GRAPH_H

#include "formats/template.h"

/**
 * The page of what a case shares with others, for analysis by a prosecution: one self-contained HTML page (no
 * script, nothing from a network) with a drawing in SVG, and all of it again in tables. Made of one JSON
 * object, of which nothing is believed:
 *   {"case":<id>,"title":<text, or absent>,"vault":<fingerprint>,"training":bool,"made":<datetime>,
 *    "by":<pseudonym>,
 *    "shared":[{"kind":<one of below>,"text":<as this case has it>,"records":[<id>...],
 *               "cases":[{"case":<id>,"records":[<id>...],"text":<as that one has it>}...],
 *               "more":<0; or in how many other records it stands, if these are too many to join>}...],
 *    "cases":[{"case":<id>,"type":<"case", or of a record that is in none>,"title":<text, or absent>}...],
 *    "closed":[<label of a section that could not be looked into>...]}
 */

/* What two cases can share, the strongest first. */
#define CV_GRAPH_KINDS 8
struct cv_graph_kind {
    const char *kind, *label, *plural; /* for people, in English: translate it where it is shown */
};
extern const struct cv_graph_kind cv_graph_kinds[CV_GRAPH_KINDS];
/** cv_graph_kind(name): which it is; CV_GRAPH_KINDS if none. */
size_t cv_graph_kind(const char *name);

/** cv_graph_page(doc, t, out): append the page, in the reader's language. ${t}: what types of records are
 * called; NULL: as they are named. CV_OK; CV_ERR_FORMAT; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_graph_page(const struct cv_json *doc, const struct cv_template *t,
                                      struct cv_buf *out);

/* The parts, compiled in. */
struct cv_bytes cv_graph_template(void);
struct cv_bytes cv_graph_css(void);

#endif
