#ifndef CV_FORMATS_GRAPH_DRAW_H
#define CV_FORMATS_GRAPH_DRAW_H

#include "formats/graph.h"
#include "formats/report_put.h"

/* Inside of the page of a graph: what graph_page.c and graph_draw.c give each other. */

/* As much as one sheet can show; the tables have all. */
#define CV_GRAPH_DRAWN_VALUES 40
#define CV_GRAPH_DRAWN_CASES 30

/** cv_graph_case(doc, id): its place in doc's `cases`; SIZE_MAX if it is not there. */
size_t cv_graph_case(const struct cv_json *doc, const char *id);
/** cv_graph_put_name(p, o): the title of a case, if it has one that may be read; else its id. */
void cv_graph_put_name(struct cv_report_out *p, const struct cv_json *o);

/** cv_graph_draw(p, doc): the case, what it shares, the others, in three columns. What stands in it leads to
 * its row in the tables: #shared-N, #case-N. */
void cv_graph_draw(struct cv_report_out *p, const struct cv_json *doc);

#endif
