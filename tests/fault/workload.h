// The workloads: what a daemon does with its store, by one client or several at once. Each function
// runs on an open session; a further one needs a line in kWorkloads and, for operations of a new
// kind, its marks in history.h and its question in recovery.cpp.
#pragma once
#include "storage/retention.h"
#include "storage/transfers.h"
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fault {

storage::StoreConfig config_for(std::string_view workload, const std::filesystem::path& folder);

// The store of one process, asked as its clients would. Every operation is marked before and after;
// one that fails is tried again, as a client would repeat it.
class Session {
 public:
  Session(std::string workload, std::filesystem::path folder);
  // False: it refused; so would the daemon's start.
  bool open();
  bool refused() const { return refused_; }
  void close();

  bool store(const std::string& id);
  // The same request again, then another one under its id.
  void repeat(const std::string& id);
  void put_chunk(const std::string& id, std::uint32_t number);
  void push(const std::string& id);
  void forward(const std::string& id);
  void finish(const std::string& id);
  // What retention does on this day: everything that is due, in transactions of at most `batch`.
  void retain(int day, std::size_t batch);
  // Beside the open store, into the folder "backup" beside the state.
  void backup();

  // One dialog, used by one thread.
  class Reader {
   public:
    Reader(Session& session, std::string conversation);
    // Acknowledges what came before; the id found, or empty.
    std::string fetch();
    void only_acknowledge();
    // All pieces of the frozen answer up to this one.
    void fetch_pieces(const std::string& id, std::uint32_t up_to);

   private:
    mailbox::DialogTurn turn() const;
    Session& session_;
    std::string id_;
    std::uint32_t sequence_ = 0;
    bool open_ = false;
  };

 private:
  using Attempt = std::function<base::Result<std::string>()>;
  // `what` as in the marks; the attempt's answer is appended to "told".
  bool carry_out(const std::string& what, const Attempt& attempt);

  std::string workload_;
  std::filesystem::path folder_;
  bool refused_ = false;
  std::unique_ptr<storage::DatabaseStore> store_;
  std::unique_ptr<storage::DatabaseTransfers> transfers_;
  std::unique_ptr<storage::DatabaseRetention> retention_;
};

struct Workload {
  std::string_view name;
  void (*run)(Session&);
  // Share of the crash states, in parts of the smallest.
  unsigned weight;
};
extern const std::array<Workload, 9> kWorkloads;

} // namespace fault
