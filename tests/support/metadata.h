// MessageMetaData for tests: complete, of the version of 2014. Illustrative, not of a real service.
#pragma once
#include <string>

namespace support {

inline const std::string kMetaDataSample =
    R"(<om:MessageMetaData xmlns:om="http://www.osci.eu/ws/2014/10/transport" xmlns:wsa="http://www.w3.org/2005/08/addressing" TestMsg="true">
 <om:DeliveryAttributes><om:Origin>2026-03-02T08:00:00+01:00</om:Origin><om:ObsoleteAfter>2026-12-31</om:ObsoleteAfter><om:ServiceQuality>demo</om:ServiceQuality><om:ReceiptRequests><om:Delivery/></om:ReceiptRequests></om:DeliveryAttributes>
 <om:Originators><om:Author><om:Identifier type="xoev" name="Online-Dienst &amp; Co" category="Online-Dienst">efa:010000000001</om:Identifier></om:Author><om:Sender><om:Identifier type="xoev">efa:010000000001</om:Identifier></om:Sender></om:Originators>
 <om:Destinations><om:Reader><om:Identifier type="xoev" category="Wohngeld">wgb:059130000000</om:Identifier></om:Reader><om:OtherDestinations><om:OtherReaders type="xoev">wgb:055540004004</om:OtherReaders></om:OtherDestinations></om:Destinations>
 <om:MsgIdentification><wsa:MessageID>urn:uuid:11111111-2222-4333-8444-555555555555</wsa:MessageID><om:ProcessRef><om:Requester>AZ-1</om:Requester></om:ProcessRef></om:MsgIdentification>
 <om:Qualifier><om:Subject>Wohngeldantrag</om:Subject><om:Service>http://service.example/wohngeld/1/Wohngeld.wsdl</om:Service><om:BusinessScenario><om:Defined listURI="urn:de:xta:codeliste:business.scenario" listVersionID="2"><code>WOHNGELD_DATA</code><name>Wohngeld</name></om:Defined></om:BusinessScenario><om:MessageType listURI="urn:example:types" listVersionID="1" payloadSchema="http://service.example/wohngeld/1"><code>wohngeld.antrag.0100</code></om:MessageType></om:Qualifier>
 <om:MessageProperties><om:Property><om:Key listURI="urn:example:keys" listVersionID="1"><code>colour</code></om:Key><om:Value>grün</om:Value></om:Property></om:MessageProperties>
 <om:MsgSize>1234</om:MsgSize>
</om:MessageMetaData>)";

} // namespace support
