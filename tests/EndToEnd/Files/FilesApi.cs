using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Podflare.EndToEnd.Api;

namespace Podflare.EndToEnd.Files;

/// <summary>The files of one sandbox as a plain client sees them.</summary>
internal sealed class FilesApi(SandboxApi api, string sandbox)
{
    public string Address(string path) => $"/v1/sandboxes/{sandbox}/files{path}";

    public async Task<Answer> PutAsync(string path, HttpContent content)
    {
        using var answer = await api.Http.PutAsync(Address(path), content);
        return await Answer.OfAsync(answer);
    }

    public Task<Answer> PutAsync(string path, string text) => PutAsync(path, new StringContent(text));

    public async Task<Answer> GetAsync(string path)
    {
        using var answer = await api.Http.GetAsync(Address(path));
        return await Answer.OfAsync(answer);
    }

    public async Task<Answer> DeleteAsync(string path)
    {
        using var answer = await api.Http.DeleteAsync(Address(path));
        return await Answer.OfAsync(answer);
    }

    public async Task<JsonElement> ListAsync(string query)
    {
        var answer = await GetAsync(query);
        Assert.True(answer.Status is HttpStatusCode.OK, answer.Text);
        return answer.Json;
    }

    /// <summary>Names of a folder that has no more than one page.</summary>
    public async Task<string[]> NamesAsync(string folder) =>
        [.. (await ListAsync($"?path={folder}")).GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()!)];

    /// <summary>Downloads without keeping anything; gives length and hash.</summary>
    public async Task<(long Length, string Hash)> HashAsync(string path)
    {
        using var answer = await api.Http.GetAsync(Address(path), HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var body = await answer.Content.ReadAsStreamAsync();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var (buffer, length) = (new byte[64 * 1024], 0L);
        while (await body.ReadAsync(buffer) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            length += read;
        }

        return (length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}

/// <summary>A whole answer.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, MediaTypeHeaderValue? Type, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public string? Code => Json.GetProperty("code").GetString();

    public static async Task<Answer> OfAsync(HttpResponseMessage answer) =>
        new(answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Content.Headers.ContentType, answer.Headers);
}
