"""What parameters can ask for, beyond what is committed."""

SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:x"

VARIANTS: dict[str, dict[str, str]] = {
    "as committed": {},
    "VPN with BGP": {"Vpn": "bgp"},
    "VPN for an older firewall": {"Vpn": "static", "VpnProfile": "older-firewall"},
    "with the secrets endpoint": {"SecretsEndpoint": "yes"},
    "on Aurora": {"Database": "aurora-serverless-v2", "Reader": "yes"},
    "unmonitored": {"MonitoringInterval": "0"},
    "locked, for a console": {"BackupsLockDays": "7", "ConsoleOrigin": "https://opsdb.example.com"},
    "traced, with a password": {"Tracing": "yes", "DatabaseSecretArn": SECRET},
    "without names": {"DomainName": "", "HostedZoneId": "", "SignInDomain": ""},
    "with a certificate": {"CertificateId": "01234567-89ab-cdef-0123-456789abcdef", "HostedZoneId": ""},
    "behind a REST API": {"FrontDoor": "rest"},
    "with one tunnel": {"Vpn": "static", "TunnelsExpected": "1"},
}

EVERYTHING = {"SecretsEndpoint": "yes", "Tracing": "yes", "DatabaseSecretArn": SECRET}
"""With what prod commits (a VPN, monitoring, a lock), nothing is left out."""
