/**
 * A certificate of nobody, for media.test, localhost and 127.0.0.1, with its key: for tests only. Valid from 2000 to
 * 2126, whatever the clock of the machine says: made by `openssl ca -selfsign -startdate 20000101000000Z -enddate
 * 21261104000000Z`, with `subjectAltName = DNS:media.test, DNS:localhost, IP:127.0.0.1` among its extensions.
 */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBhzCCAS6gAwIBAgIUEqwo7KriQ+zELBgBGzgBB4PDx98wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKbWVkaWEudGVzdDAgFw0wMDAxMDEwMDAwMDBaGA8yMTI2MTEw
NDAwMDAwMFowFTETMBEGA1UEAwwKbWVkaWEudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABLttDWWmJorDtO9Jon8kd7KHSp4pzfweSvzvI0vSOCB9Austr9pj
iDYeOXDfdro/B3PA0D2KvA4MLFrW6V7+e4WjWjBYMB0GA1UdDgQWBBSxjj8qQUOa
s8WN9B4M6Ycw4FXgvDAPBgNVHRMBAf8EBTADAQH/MCYGA1UdEQQfMB2CCm1lZGlh
LnRlc3SCCWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQDAgNHADBEAiBnnKYFGqNG
zriy6s6l6xahgIvZaeLvx2UX4rmB0i2NjQIgRTs/aebKUbcvO5cYPx8YrQgU5Qmm
nBn7d5fVCH8kP4g=
-----END CERTIFICATE-----
`;

export const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgh3am6IVVdP7Pem66
yO7KSPJLc5+p0YFSeEpXgRUtRY6hRANCAAS7bQ1lpiaKw7TvSaJ/JHeyh0qeKc38
Hkr87yNL0jggfQLrLa/aY4g2Hjlw33a6PwdzwNA9irwODCxa1ule/nuF
-----END PRIVATE KEY-----
`;
