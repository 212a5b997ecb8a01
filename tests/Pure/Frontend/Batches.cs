using System.Text;
using System.Text.Json;
using Podflare.Streaming;

namespace Podflare.Frontend;

/// <summary>Batches as a sandbox would publish them.</summary>
internal static class Batches
{
    public const long Time = 1776510028036;

    public static string Line(string type, string data, long seq) => $"{{\"type\":\"{type}\",\"data\":{JsonSerializer.Serialize(data)},\"seq\":{seq},\"ts\":{Time + seq}}}\n";

    public static string Exit(int code, long seq) => $"{{\"type\":\"exit\",\"data\":{code},\"seq\":{seq},\"ts\":{Time + seq}}}\n";

    public static EventBatch Of(long firstSeq, bool hasExit, params IEnumerable<string> lines)
    {
        var (bytes, ends) = (new MemoryStream(), new List<int>());
        foreach (var line in lines)
        {
            bytes.Write(Encoding.ASCII.GetBytes(line));
            ends.Add((int)bytes.Length);
        }

        return new EventBatch(firstSeq, bytes.ToArray(), [.. ends], hasExit);
    }
}
