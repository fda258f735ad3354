#include "contract/mailbox_contract.h"
#include "contract/push_contract.h"
#include "contract/retention_contract.h"
#include "contract/sqlite_backend.h"

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, MailboxContract, SqliteBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, PushContract, SqliteBackend);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, RetentionContract, SqliteBackend);
