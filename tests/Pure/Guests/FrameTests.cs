using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace Podflare.Guests;

public sealed class FrameTests
{
    private static readonly Gen<string> Text = Gen.OneOfConst("a", "\\", "\"", "é", "€", "😀", "\n", "\0", "\uD800", "\uDE00", "\u001F").Array[0, 12].Select(string.Concat);

    [Fact]
    public void The_header_is_21_bytes_big_endian()
    {
        var bytes = ScriptedGuest.Frame(FrameType.Out, 0x0102030405060708, [], time: 0x0000010203040506);
        Assert.Equal("00000000" + "1e" + "0102030405060708" + "0000010203040506", Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public async Task Frames_are_the_same_however_the_stream_is_cut()
    {
        await Gen.Select(Gen.Byte.Array[0, 50].Array[1, 6], Gen.Int[1, 40].Array[1, 60]).SampleAsync(async (payloads, cuts) =>
        {
            var stream = payloads.SelectMany((payload, i) => ScriptedGuest.Frame((FrameType)(i + 50), (ulong)i, payload)).ToArray();
            var pipe = new Pipe();
            var seen = new List<byte[]>();
            for (int at = 0, cut = 0; at < stream.Length; cut++)
            {
                var size = Math.Min(cuts[cut % cuts.Length], stream.Length - at);
                await pipe.Writer.WriteAsync(stream.AsMemory(at, size));
                at += size;
                var buffer = (await pipe.Reader.ReadAsync()).Buffer;
                while (Frame.TryRead(ref buffer, out var frame)) seen.Add(frame.Payload.ToArray());
                pipe.Reader.AdvanceTo(buffer.Start, buffer.End);
            }

            return seen.Count == payloads.Length && seen.Zip(payloads).All(pair => pair.First.SequenceEqual(pair.Second));
        });
    }

    [Fact]
    public void Text_that_is_no_unicode_is_read_with_replacements_and_any_other_as_it_is() =>
        Text.Sample(text =>
        {
            // As Python's json writes it: everything beyond ASCII as \u escapes, lone surrogates too.
            var json = "{\"code\":0,\"error\":{\"value\":\"" + string.Concat(text.Select(c => c is >= ' ' and < '\u007F' and not ('"' or '\\') ? $"{c}" : $"\\u{(int)c:x4}")) + "\"}}";
            var end = JsonSerializer.Deserialize(json, GuestJson.Default.EndPayload)!;
            return end.Error!.Value == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        });
}
