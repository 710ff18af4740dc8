#ifndef CV_CRYPTO_TIMESTAMP_H
#define CV_CRYPTO_TIMESTAMP_H

#include "crypto/hash.h"

/* RFC 3161: what a time stamping authority (TSA) is asked, and what it answers. Bytes in, bytes out; nothing
 * of the system's certificates is trusted, and nothing is fetched: no CRL, no OCSP. */

/* Of a reply: its base64 fits into an entry of the log. */
#define CV_TIMESTAMP_MAX_BYTES ((size_t)32768)
#define CV_TIMESTAMP_NONCE_BYTES 8
/* Of a file of CA certificates, and how many may stand in it. */
#define CV_TIMESTAMP_CA_MAX_BYTES ((size_t)262144)
#define CV_TIMESTAMP_CA_MAX 64
#define CV_TIMESTAMP_NAME_BYTES 256

/** cv_timestamp_request(digest, nonce, out): append a TimeStampReq (section 2.4.1) for this SHA-256, in DER:
 * it asks for the TSA's certificate, and for no policy. CV_OK; CV_ERR_INTERNAL; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_timestamp_request(const uint8_t digest[static CV_SHA256_BYTES],
                                             const uint8_t nonce[static CV_TIMESTAMP_NONCE_BYTES],
                                             struct cv_buf *out);

/** What a TimeStampResp says (section 2.4.2). Unless it is granted, only status and failure are filled. */
struct cv_timestamp {
    bool granted;        /* status granted or grantedWithMods */
    long status;         /* PKIStatus; 2 is a rejection; -1 for one that is none */
    const char *failure; /* PKIFailureInfo, the name of its first bit; NULL: none is given */
    bool sha256;         /* the messageImprint is by SHA-256, and is: */
    uint8_t imprint[CV_SHA256_BYTES];
    int64_t time;      /* genTime, in seconds since 1970, UTC; parts of a second are cut off */
    uint32_t accuracy; /* seconds, rounded up, that genTime may be off; 0 if the TSA does not say */
    char authority[CV_TIMESTAMP_NAME_BYTES]; /* the subject of the certificate that signed, in ASCII, or empty
                                              */
};

/** cv_timestamp_read(reply, out): what a reply says; nothing of it is verified. CV_OK; CV_ERR_FORMAT: no
 * TimeStampResp, or followed by something; CV_ERR_LIMIT: longer than CV_TIMESTAMP_MAX_BYTES; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_timestamp_read(struct cv_bytes reply, struct cv_timestamp *out);

/** Whom to believe: certificates of CAs. */
struct cv_timestamp_ca;

/** cv_timestamp_ca_new(pem, out): all certificates of a PEM text. CV_OK; CV_ERR_FORMAT: there is none, or one
 * is damaged; CV_ERR_LIMIT; CV_ERR_NOMEM. */
CV_MUST_CHECK cv_status cv_timestamp_ca_new(struct cv_bytes pem, struct cv_timestamp_ca **out);
void cv_timestamp_ca_free(struct cv_timestamp_ca *ca);

/* When the certificates must be valid. */
enum cv_timestamp_when {
    CV_TIMESTAMP_NOW, /* as for a reply that has just come */
    CV_TIMESTAMP_THEN /* at genTime, as for one kept for years: the certificate that signed it expires */
};

/**
 * cv_timestamp_verify(reply, digest, nonce, ca, when):
 * Is it granted, for this SHA-256, with this nonce (empty: whatever nonce), and signed by a TSA (section 2.3:
 * extended key usage timeStamping alone, critical; section 2.4.2: SigningCertificate names it) whose
 * certificate chains to a self-signed one of ${ca}? Keys and hashes weaker than 112 bits, and a signature
 * over SHA-1, are not accepted. CV_OK; CV_ERR_AUTH if any of that fails; CV_ERR_FORMAT and CV_ERR_LIMIT as
 * cv_timestamp_read; CV_ERR_NOMEM.
 */
CV_MUST_CHECK cv_status cv_timestamp_verify(struct cv_bytes reply,
                                            const uint8_t digest[static CV_SHA256_BYTES],
                                            struct cv_bytes nonce, struct cv_timestamp_ca *ca,
                                            enum cv_timestamp_when when);

#endif
