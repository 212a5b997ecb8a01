using System.Net.Sockets;
using System.Text;

namespace Podflare;

/// <summary>Sends bytes as they are, for requests that no HTTP client would send.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Sends a request and reads the one answer.</summary>
    public static async Task<HttpResponseMessage> SendAsync(Cluster cluster, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(cluster.Address.Host, cluster.Address.Port, TestContext.Current.CancellationToken);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        return Parse(await ReadAsync(stream));
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var (buffer, text) = (new byte[8192], "");
        while (!IsComplete(text))
        {
            var read = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken);
            if (read == 0) break;
            text += Encoding.Latin1.GetString(buffer, 0, read);
        }

        return text;
    }

    private static HttpResponseMessage Parse(string text)
    {
        var (head, body) = text.Split("\r\n\r\n", 2) is [var first, var second] ? (first, second) : (text, "");
        var lines = head.Split("\r\n");
        var response = new HttpResponseMessage((System.Net.HttpStatusCode)int.Parse(lines[0].Split(' ')[1], null)) { Content = new StringContent(body) };
        response.Content.Headers.ContentType = null;
        foreach (var line in lines.Skip(1).Select(line => line.Split(": ", 2)))
        {
            if (!response.Headers.TryAddWithoutValidation(line[0], line[1])) response.Content.Headers.TryAddWithoutValidation(line[0], line[1]);
        }

        return response;
    }

    private static bool IsComplete(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = text[..end].Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase));
        return length is not null && text.Length - end - 4 >= int.Parse(length["Content-Length: ".Length..], null);
    }
}
