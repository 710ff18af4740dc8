#ifndef CV_CRYPTO_STATUS_H
#define CV_CRYPTO_STATUS_H

/* The one set of results of every floor. A result starts as CV_ERR_INTERNAL and becomes CV_OK last. */
typedef enum cv_status {
    CV_OK = 0,
    CV_ERR_INTERNAL, /* a library refused what cannot be refused, or a fault of ours */
    CV_ERR_NOMEM,
    CV_ERR_ARG,    /* the caller's argument cannot be */
    CV_ERR_FORMAT, /* bytes that are not what they should be */
    CV_ERR_LIMIT,  /* well formed, but beyond a stated bound */
    CV_ERR_AUTH,   /* a signature, tag, commitment or hash does not verify */
    CV_ERR_NOKEY,  /* no key in hand opens it */
    CV_ERR_NOTFOUND,
    CV_ERR_EXISTS,
    CV_ERR_LOG, /* the log contradicts itself or what was seen before: tampering or damage */
    CV_ERR_IO,
    CV_ERR_LOCKED,  /* somebody else holds the lock */
    CV_ERR_DENIED,  /* the policy or the template does not allow it */
    CV_ERR_NOVAULT, /* there is no vault at that place */
    CV_ERR_CONSENT  /* a consent, or an approval, is missing */
} cv_status;

#define CV_MUST_CHECK __attribute__((warn_unused_result))

/* `st = CV_THEN(st, call)`: make the call only while all is well; the first failure stays. */
#define CV_THEN(st, call) ((st) == CV_OK ? (call) : (st))

#endif
