/* Search terms. A tree that is given is walked, and every number in it must lead further
 * back than where it stands. */
#include "tests/fuzz/fuzz.h"

#include "formats/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cv_query q;
    struct cv_err err = { 0 };
    if (!fuzz_judged(cv_query_parse(CV_BYTES(p, n), &q, &err), &err, 0))
        return 0;
    must(q.count > 0 && q.root < q.count);
    for (size_t i = 0; i < q.count; i++) {
        const struct cv_query_node *node = &q.node[i];
        const bool two = node->kind == CV_QUERY_AND || node->kind == CV_QUERY_OR;
        must(!two || (node->left < i && node->right < i));
        must(node->kind != CV_QUERY_NOT || node->left < i);
        must(node->kind != CV_QUERY_WORDS || (node->text.p >= (const uint8_t *)q.text &&
                                              node->text.p + node->text.n <= (const uint8_t *)q.text + n));
    }
    return 0;
}
