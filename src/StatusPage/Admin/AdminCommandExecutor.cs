using System.Security.Cryptography;
using System.Text;
using Podflare.Http;
using Podflare.Serialization;
using Podflare.Storage;

namespace Podflare.Admin;

/// <summary>Executes an operator's command: in one transaction with its audit entry, and once for each <c>Idempotency-Key</c>.</summary>
internal sealed class AdminCommandExecutor(Database database, TimeProvider time)
{
    public async Task ExecuteAsync(HttpContext context, string action, string? subject, string body, Func<Sql, DateTimeOffset, object?> run, int success = 200)
    {
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > 255 || key.Any(c => c is < '!' or > '~')) throw new RequestRejectedException(400, "invalid_request", "Idempotency-Key: must be 1 to 255 visible ASCII characters");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}\n{body}")));
        var (status, answer, replayed) = await database.WriteAsync(sql => ExecuteOnce(sql, context, key, hash, action, subject, body, run, success), context.RequestAborted);
        if (replayed) context.Response.Headers["Idempotent-Replayed"] = "true";
        await SendAsync(context, status, answer);
    }

    public static Task SendAsync(HttpContext context, int status, string json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    private (int Status, string Answer, bool Replayed) ExecuteOnce(
        Sql sql, HttpContext context, string key, string hash, string action, string? subject, string body, Func<Sql, DateTimeOffset, object?> run, int success)
    {
        var now = time.GetUtcNow();
        if (key.Length > 0 && sql.First<(string Hash, int Status, string Answer)?>($"SELECT hash, status, answer FROM repeat WHERE key = {key}", row => (row.Text(0), row.Int(1), row.Text(2))) is { } before)
        {
            if (before.Hash != hash) throw new RequestRejectedException(422, "idempotency_key_reused", "Idempotency-Key: was already used for a different request");
            return (before.Status, before.Answer, true);
        }

        var answer = StatusJson.Text(run(sql, now) ?? new { ok = true });
        var caller = context.Connection.RemoteIpAddress?.ToString() ?? "?";
        sql.Execute($"INSERT INTO audit (at, caller, act, subject, detail) VALUES ({now}, {caller}, {action}, {subject}, {(body.Length > 4000 ? body[..4000] : body)})");
        if (key.Length > 0) sql.Execute($"INSERT INTO repeat (key, hash, at, status, answer) VALUES ({key}, {hash}, {now}, {success}, {answer})");
        return (success, answer, false);
    }
}
