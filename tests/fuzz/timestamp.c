/* What a time stamping authority answers, and the certificates that somebody believes: nothing that is made
 * up verifies. */
#include "tests/fuzz/fuzz.h"

#include "crypto/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct cv_timestamp said;
    static const uint8_t digest[CV_SHA256_BYTES];
    struct cv_timestamp_ca *ca = NULL;
    const cv_status st = cv_timestamp_read(CV_BYTES(p, n), &said);
    fuzz_taken = st == CV_OK;
    must(memchr(said.authority, '\0', sizeof(said.authority)) != NULL);
    if (cv_timestamp_ca_new(CV_BYTES(p, n), &ca) == CV_OK) {
        fuzz_taken = true;
        must(cv_timestamp_verify(CV_BYTES(p, n), digest, CV_BYTES(NULL, 0), ca, CV_TIMESTAMP_NOW) != CV_OK);
    } else
        must(ca == NULL);
    cv_timestamp_ca_free(ca);
    return 0;
}
