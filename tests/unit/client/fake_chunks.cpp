#include "fake_chunks.h"
#include "osci/feedback.h"
#include <gtest/gtest.h>

namespace test {

namespace {

osci::FeedbackEntry entry(const std::string& code) {
  return {code, "de", "text of " + code};
}

} // namespace

FakeChunks::FakeChunks(FakeIntermediary& intermediary) : intermediary_(intermediary) {
  intermediary_.chunks = osci::ChunkLimits{1, 64, 100'000, 60};
  intermediary_.more = [this](const osci::Request& request, osci::Answer& out) {
    return serve(request, out);
  };
}

void make_cheap(FakeIntermediary& intermediary, client::Options& options, bool encrypted) {
  intermediary.signature_key = "bench2048_sign";
  intermediary.encrypt = options.encrypt = encrypted;
}

client::Intermediary cheaply_pinned() {
  return {support::key("intermed_cipher").certificate,
          {support::key("bench2048_sign").certificate}};
}

bool FakeChunks::serve(const osci::Request& request, osci::Answer& out) {
  if (request.type == osci::MessageType::partial_store_delivery) {
    store(request, out);
    return true;
  }
  if (request.type == osci::MessageType::partial_fetch_delivery) {
    fetch(request, out);
    return true;
  }
  return false;
}

void FakeChunks::store(const osci::Request& request, osci::Answer& out) {
  std::string id = request.message_id.value();
  ASSERT_TRUE(id.ends_with(osci::kPartialSuffix)) << id;
  id.resize(id.size() - osci::kPartialSuffix.size());
  ASSERT_TRUE(request.certificate("CipherCertificateAddressee"));
  const std::uint32_t number = request.info_only ? 0 : request.chunk->number.value();
  sent.push_back(number);
  if (const auto code = refuse.find(number); code != refuse.end()) {
    out.feedback = {entry(code->second)};
    refuse.erase(code);
    out.chunk.emplace();
    return;
  }
  Transfer& transfer = transfers[id];
  if (number != 0) {
    const auto& chunk = *request.chunk;
    if (transfer.total == 0) {
      transfer.total = chunk.total_numbers.value();
      transfer.size = chunk.size.value();
      transfer.total_size = chunk.total_size.value();
    }
    const auto& bytes = request.content.attachments.at(0).bytes;
    if (transfer.chunks.contains(number))
      out.feedback = {entry("9900")};
    else if (transfer.total != *chunk.total_numbers || transfer.size != *chunk.size ||
             transfer.total_size != *chunk.total_size)
      out.feedback = {entry("9905")};
    else if (!forgetful)
      transfer.chunks[number] = bytes;
  }
  out.chunk.emplace();
  auto& received = out.chunk->received.emplace();
  for (const auto& [one, bytes] : transfer.chunks) received.push_back(one);
  if (number != 0 && on_chunk) on_chunk(number);
  if (transfer.total == 0 || transfer.chunks.size() < transfer.total) return;
  if (processing > 0) {
    --processing;
    out.feedback = {entry(processing_code)};
    return;
  }
  if (transfer.inside.empty()) execute(transfer);
  out.inside_feedback = transfer.inside;
  if (transfer.card) out.cards.push_back(*transfer.card);
}

void FakeChunks::execute(Transfer& transfer) {
  std::string text;
  for (const auto& [number, bytes] : transfer.chunks) text += bytes;
  if (!result.empty()) {
    transfer.inside = {entry(result)};
    return;
  }
  const auto message = seal::open(text, "", {}, {}, random_);
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_FALSE(message->is_signed());
  EXPECT_FALSE(message->transport().encrypted);
  const auto verified = message->verified(false);
  ASSERT_TRUE(verified);
  const auto request = osci::decode_request(*verified, false);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_FALSE(request->control.conversation_id);
  osci::Answer answer;
  intermediary_.carry_out(*request, answer);
  transfer.inside = answer.feedback;
  if (!answer.cards.empty()) transfer.card = answer.cards.front();
}

void FakeChunks::freeze_anew(const std::string& message_id) {
  auto& text = frozen.at(message_id);
  // Another boundary of the same length.
  const auto begin = text.find("boundary=") + 9;
  const std::string boundary = text.substr(begin, text.find(';', begin) - begin);
  std::string other = boundary;
  other.back() = other.back() == 'x' ? 'y' : 'x';
  for (std::size_t at = 0; (at = text.find(boundary, at)) != std::string::npos;)
    text.replace(at, boundary.size(), other);
  handed_out_[message_id].clear();
}

void FakeChunks::fetch(const osci::Request& request, osci::Answer& out) {
  const auto& chunk = *request.chunk;
  const std::uint32_t number = chunk.number.value();
  fetched.push_back(number);
  said_received.push_back(chunk.received.value());
  out.selection = request.selection;
  auto* found = intermediary_.selected(request.selection);
  if (!found) {
    out.feedback = {entry("9803")};
    return;
  }
  if (!frozen.contains(found->id)) {
    ++found->fetched;
    osci::Answer whole;
    whole.to = osci::MessageType::fetch_delivery;
    whole.control = {"1", 0, "a", "b"};
    whole.feedback = {entry("0801")};
    whole.content = found->content;
    whole.cards.push_back(FakeIntermediary::card_of(*found));
    frozen[found->id] =
        seal::close(osci::encode_answer(whole, {support::key("intermed_sign").certificate}, false),
                    std::nullopt, std::nullopt, random_)
            .value();
  }
  const std::string& text = frozen[found->id];
  const std::size_t size = chunk.size.value() * 1024;
  if (text.size() <= size) {
    out.to = osci::MessageType::fetch_delivery;
    out.content = found->content;
    out.cards.push_back(FakeIntermediary::card_of(*found));
    intermediary_.await(found->id);
    return;
  }
  const auto total = static_cast<std::uint32_t>((text.size() + size - 1) / size);
  if (number < 1 || number > total) {
    out.feedback = {entry("9901")};
    return;
  }
  out.message_id = found->id;
  out.chunk.emplace();
  out.chunk->number = number;
  out.chunk->total_numbers = total;
  out.chunk->total_size = (text.size() + 1023) / 1024;
  out.content.emplace();
  seal::Attachment piece;
  piece.content_id = osci::kChunkContentId;
  piece.bytes = text.substr((number - 1) * size, size);
  out.content->attachments.push_back(piece);
  auto& handed_out = handed_out_[found->id];
  handed_out.insert(number);
  if (handed_out.size() == total) intermediary_.await(found->id);
  if (on_chunk) on_chunk(number);
}

} // namespace test
