using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;

namespace Podflare.Status.Services;

/// <summary>The status page as a process of its own, on free ports and with its own folder. It can be killed and restarted.</summary>
internal sealed class StatusService : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings;
    private Process? _process;

    public StatusService(Dictionary<string, string> settings, string? folder = null)
    {
        Folder = folder ?? Path.Combine(TestRun.Folder, "status-" + Guid.NewGuid().ToString("N")[..8]);
        Page = new Uri($"http://127.0.0.1:{Ports.Free()}");
        Admin = new Uri($"http://127.0.0.1:{Ports.Free()}");
        _settings = settings;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }) { BaseAddress = Page, Timeout = TimeSpan.FromSeconds(30) };
        Operator = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { BaseAddress = Admin, Timeout = TimeSpan.FromSeconds(30) };
        Operator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public const string Token = "operator-token-for-tests";

    public Uri Page { get; }

    public Uri Admin { get; }

    public string Folder { get; }

    public HttpClient Http { get; }

    public HttpClient Operator { get; }

    public int ProcessId => _process!.Id;

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet", [TestRun.Program("StatusPage")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PODFLARE_STATUS_ADDR"] = $"127.0.0.1:{Page.Port}";
        start.Environment["PODFLARE_STATUS_ADMIN_ADDR"] = $"127.0.0.1:{Admin.Port}";
        start.Environment["PODFLARE_STATUS_ADMIN_TOKEN"] = Token;
        start.Environment["PODFLARE_TEST_CLUSTER"] = TestRun.Cluster;
        start.Environment["Status__Folder"] = Folder;
        foreach (var (name, value) in _settings) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Until.TrueAsync(IsUpAsync, 40, "the status page answers");
    }

    public string Log { get; private set; } = "";

    /// <summary>Kills the process with SIGKILL, so that not even finally blocks run.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async Task<JsonObject> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonObject>(path))!;

    public async Task<JsonObject> ActAsync(string path, object body)
    {
        using var response = await Operator.PostAsJsonAsync(path, body);
        var answer = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(answer)!.AsObject() : throw new InvalidOperationException($"{path}: {(int)response.StatusCode} {answer}");
    }

    public async Task<HttpResponseMessage> PostFormAsync(string path, params (string Name, string Value)[] fields)
    {
        using var form = new FormUrlEncodedContent(fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
        return await Http.PostAsync(path, form);
    }

    /// <summary>Queries the database directly, while the process is running.</summary>
    public List<object?[]> Rows(string query)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(Folder, "status.db")};Pooling=False;Default Timeout=10");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own text.
        command.CommandText = query;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add([.. row.Select(v => v is DBNull ? null : v)]);
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Operator.Dispose();
        if (_process is null) return;
        using (var term = Process.Start("kill", ["-TERM", $"{_process.Id}"])) await term.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        await _process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        _process = null;
    }

    private void Keep(string? line)
    {
        if (line is not null && Log.Length < 200_000) Log += line + "\n";
    }

    private async Task<bool> IsUpAsync()
    {
        if (_process!.HasExited) throw new InvalidOperationException($"The status page ended with code {_process.ExitCode}: {Log}");
        try
        {
            using var response = await Http.GetAsync("/readyz");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
