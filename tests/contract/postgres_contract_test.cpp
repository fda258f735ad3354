#include "contract/mailbox_contract.h"
#include "contract/postgres_backend.h"
#include "contract/push_contract.h"
#include "contract/retention_contract.h"

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, MailboxContract, PostgresBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, PushContract, PostgresBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, RetentionContract, PostgresBackend);
