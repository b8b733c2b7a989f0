"""Name the codes a WebSocket closes with (RFC 6455 section 7.4.1)."""

NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
NO_STATUS_RECEIVED = 1005  # stands for a Close without a code; never sent
ABNORMAL_CLOSURE = 1006  # stands for an end without a Close; never sent
INVALID_DATA = 1007
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013  # added by IANA's registry, which section 11.7 sets up
