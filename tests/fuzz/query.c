/* A libFuzzer target: search terms. A tree that is given is walked, and every number in it must lead further
 * back than where it stands. Build with clang:
 *
 *   CC=clang cmake -S . -B build/fuzz -DCASEVAULT_SANITIZE=address,undefined,fuzzer-no-link
 * -DBUILD_TESTING=OFF cmake --build build/fuzz --target cv_formats clang -fsanitize=address,undefined,fuzzer
 * -D_GNU_SOURCE -I. tests/fuzz/query.c build/fuzz/formats/libcv_formats.a build/fuzz/crypto/libcv_crypto.a
 * -ljansson -lcrypto -lscrypt
 */
#include <stdlib.h>

#include "formats/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cv_query q;
    struct cv_err err = { 0 };
    const cv_status st = cv_query_parse(CV_BYTES(p, n), &q, &err);
    if (st != CV_OK && (st != err.status || err.msg[0] == '\0'))
        abort();
    for (size_t i = 0; st == CV_OK && i < q.count; i++) {
        const struct cv_query_node *node = &q.node[i];
        const bool two = node->kind == CV_QUERY_AND || node->kind == CV_QUERY_OR;
        if ((two && (node->left >= i || node->right >= i)) || (node->kind == CV_QUERY_NOT && node->left >= i))
            abort();
        if (node->kind == CV_QUERY_WORDS && (node->text.p < (const uint8_t *)q.text ||
                                             node->text.p + node->text.n > (const uint8_t *)q.text + n))
            abort();
    }
    if (st == CV_OK && (q.count == 0 || q.root >= q.count))
        abort();
    return 0;
}
