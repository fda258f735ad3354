// What `osci serve` does with a delivery that was pushed to it: put it away, then say so, and make
// the reply that a ProcessDelivery waits for.
//
// The codes that the intermediary hears (wire reference 10.2):
//   0800  it is on the disk (a repeat: it was already); a reply, if there is to be one, is attached
//   9801  another delivery with the same message id is there
//   9805  content cannot be decrypted or verified; kept raw in undeliverable/
//   9808  it is on the disk, but the reply could not be made; a repeat tries again
//   9811  it could not be stored; nothing was kept
#pragma once
#include "cli/keep.h"
#include "cli/run_program.h"
#include "client/recipient.h"
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cli {

struct ReplyOrder {
  enum class Kind {
    none,    // feedback only
    echo,    // the received files
    command, // what a program, given the delivery's folder, writes to standard output
  };
  Kind kind = Kind::echo;
  Program program; // its last argument will be the folder
  ProgramLimits limits;
};

// take() may be called by several threads at once; deliveries into the same folder wait for each
// other.
class Reception {
 public:
  // Borrowed: recipient, shelf, the trust store of `policy`, clock, random.
  Reception(const client::Recipient& recipient, const Shelf& shelf, ContentPolicy policy,
            ReplyOrder reply, const base::Clock& clock, base::RandomSource& random)
      : recipient_(recipient), shelf_(shelf), keeper_(shelf, policy, clock),
        reply_(std::move(reply)), random_(random) {}

  // Hear of each delivery, one at a time, after it is on the disk and before it is answered. Set
  // before the first take().
  std::function<void(const KeptDelivery&)> on_kept;
  std::function<void(const BadDelivery&)> on_bad;
  // What went wrong on our side, and whether the delivery is on the disk all the same.
  std::function<void(const Label&, const base::Error&, bool stored)> on_problem;

  client::Verdict take(const client::Pushed& pushed);

 private:
  class Turn;
  client::Verdict refuse_content(const client::Pushed& pushed, const Label& label,
                                 const base::Error& error);
  client::Verdict problem(const Label& label, const base::Error& error, std::string_view code);
  client::Verdict reply(const client::Pushed& pushed, const Label& label, const KeptDelivery& kept,
                        const seal::OpenedContent& content);
  base::Result<client::ReplyContent> reply_of_program(const Label& label,
                                                      const KeptDelivery& kept) const;

  const client::Recipient& recipient_;
  const Shelf& shelf_;
  const Keeper keeper_;
  const ReplyOrder reply_;
  base::RandomSource& random_;
  std::mutex mutex_; // of what follows, and of the listeners
  std::condition_variable turn_ended_;
  std::set<std::string> at_work_; // folders
};

} // namespace cli
