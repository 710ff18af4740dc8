#include "crypto/shamir.h"

/* mul(a, b): in GF(2^8), in the same time for every a and b. */
static uint8_t mul(uint8_t a, uint8_t b)
{
    uint8_t product = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= (uint8_t)(-(b & 1) & a);
        a = (uint8_t)((a << 1) ^ (-(a >> 7) & 0x1b));
        b >>= 1;
    }
    return product;
}

/* inverse(a): a^254. */
static uint8_t inverse(uint8_t a)
{
    uint8_t square = a, product = 1;
    for (unsigned i = 0; i < 7; i++) {
        square = mul(square, square);
        product = mul(product, square);
    }
    return product;
}

cv_status cv_shamir_split(struct cv_bytes secret, unsigned threshold, unsigned count,
                          struct cv_secret *shares)
{
    struct cv_secret coefficients = { 0 };
    if (threshold < 2 || threshold > count || count > CV_SHAMIR_SHARES_MAX || secret.n == 0)
        return CV_ERR_ARG;
    cv_status st = cv_secret_random(&coefficients, (threshold - 1) * secret.n);
    for (unsigned i = 0; i < count && st == CV_OK; i++) {
        st = cv_secret_alloc(&shares[i], secret.n);
        for (size_t at = 0; at < secret.n && st == CV_OK; at++) {
            uint8_t y = 0; /* Horner's rule, from the highest coefficient down to the secret */
            for (unsigned c = threshold - 1; c-- > 0;)
                y = mul(y, (uint8_t)(i + 1)) ^ coefficients.p[c * secret.n + at];
            shares[i].p[at] = mul(y, (uint8_t)(i + 1)) ^ secret.p[at];
        }
    }
    cv_secret_free(&coefficients);
    for (unsigned i = 0; i < count && st != CV_OK; i++)
        cv_secret_free(&shares[i]);
    return st;
}

/* weight(xs, count, i): Lagrange's basis polynomial of the i-th point, at 0. */
static uint8_t weight(const uint8_t *xs, unsigned count, unsigned i)
{
    uint8_t over = 1, under = 1;
    for (unsigned j = 0; j < count; j++) {
        if (j == i)
            continue;
        over = mul(over, xs[j]);
        under = mul(under, xs[i] ^ xs[j]);
    }
    return mul(over, inverse(under));
}

cv_status cv_shamir_combine(const uint8_t *xs, const struct cv_bytes *shares, unsigned count,
                            struct cv_secret *secret)
{
    *secret = (struct cv_secret){ 0 };
    if (count == 0 || count > CV_SHAMIR_SHARES_MAX || shares[0].n == 0)
        return CV_ERR_ARG;
    for (unsigned i = 0; i < count; i++) {
        if (xs[i] == 0 || shares[i].n != shares[0].n)
            return CV_ERR_ARG;
        for (unsigned j = 0; j < i; j++)
            if (xs[i] == xs[j])
                return CV_ERR_ARG;
    }
    cv_status st = cv_secret_alloc(secret, shares[0].n);
    for (unsigned i = 0; i < count && st == CV_OK; i++) {
        const uint8_t w = weight(xs, count, i);
        for (size_t at = 0; at < secret->n; at++)
            secret->p[at] ^= mul(w, shares[i].p[at]);
    }
    return st;
}
