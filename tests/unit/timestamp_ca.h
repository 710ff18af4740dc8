#ifndef CV_TIMESTAMP_CA_H
#define CV_TIMESTAMP_CA_H

/* The certificate of a made-up authority. */
static const char ca_pem[] = "-----BEGIN CERTIFICATE-----\n"
                             "MIIBOTCB4aADAgECAhQQR4BGK8BckivS8psw1IXWokp/XzAKBggqhkjOPQQDAjAS\n"
                             "MRAwDgYDVQQDDAdUZXN0IGNhMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAw\n"
                             "MDAwWjASMRAwDgYDVQQDDAdUZXN0IGNhMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
                             "QgAEqV8QB2lZW6u2DOOGaJpf10jJCs0XIMQJRJBFzc6YugqbM/1yh86YUm+8079W\n"
                             "DE+10AAzY9w+53DbtuJIZZ0JRaMTMBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjO\n"
                             "PQQDAgNHADBEAiB9eQgHoLjp2dwmGAqLQ3EpKTcj9R20zmesFeVXClb0EwIgG2Lr\n"
                             "X2XvrrnA4fMTOJanhvL1DxTfcQHTdecu5B9MajI=\n"
                             "-----END CERTIFICATE-----\n";

#endif
