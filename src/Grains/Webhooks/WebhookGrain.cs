using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Podflare.Audit;
using Podflare.Feed;
using Podflare.Hosts;
using Podflare.Resilience;
using Podflare.Storage;
using Podflare.Tenants;

namespace Podflare.Webhooks;

/// <inheritdoc cref="IWebhookGrain"/>
/// <remarks>
/// A reader of the feed with a stored cursor. It makes one call at a time. What it has done is stored a moment later, so that a crash repeats calls, with the same
/// ids. A reminder wakes it, in case nobody else does.
/// </remarks>
[GrainType("webhook"), HostPlacement]
public sealed partial class WebhookGrain : Grain, IWebhookGrain, IRemindable
{
    private const string WakeReminder = "wake";

    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OldSecretLifetime = TimeSpan.FromDays(1);

    private readonly TenantId _tenant;
    private readonly WebhookId _id;
    private readonly WebhookDependencies _services;
    private readonly WebhookSecrets _secrets;
    private readonly WebhookRecordWriter _writer;
    private readonly TimeProvider _time;
    private readonly ILogger<WebhookGrain> _logger;
    private readonly WebhookPump _pump;

    public WebhookGrain([FromKeyedServices(Stores.Kept)] IGrainStorage kept, IGrainContext context, WebhookDependencies services, TimeProvider time, ILogger<WebhookGrain> logger)
    {
        (_tenant, _id) = WebhookKey.Parse(context.GrainId.Key.ToString()!);
        (_services, _time, _logger) = (services, time, logger);
        _secrets = new WebhookSecrets(services.Secrets, _tenant, _id);
        _writer = new WebhookRecordWriter(new GrainRecord<WebhookRecord>(kept, "webhook", context.GrainId, logger), TimeSpan.FromSeconds(services.Options.WriteSeconds), time, DeactivateOnIdle);
        _pump = new WebhookPump(_tenant, _id, _writer, _secrets, services, time, logger);
    }

    private WebhookRecord Record => _writer.Exists ? _writer.Current : throw new WebhookNotFoundException();

    private IFeedGrain Feed => GrainFactory.GetGrain<IFeedGrain>(_tenant.Value);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await _writer.ReadAsync();
        _pump.Start(this);
        if (_writer.Exists && _writer.Current.State is WebhookState.Active) await StartAsync();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await _pump.StopAsync(cancellationToken);
        await _writer.TryFlushAsync();
    }

    public async Task<WebhookSecret> Create(WebhookSpec spec, AuditOrigin origin)
    {
        GuardAddress(spec.Url);
        var secret = WebhookSignature.NewSecret();
        var sealedSecret = _secrets.Seal(secret);
        var newest = (await _services.Log.ReadAsync(_tenant, 0, 1, CancellationToken.None)).Newest;
        await _writer.CreateAsync(
            new WebhookRecord { Url = spec.Url, Events = spec.Events, Description = spec.Description, CreatedAt = _time.GetUtcNow(), Secret = sealedSecret, Cursor = newest });
        Report(AuditAction.WebhookCreate, origin);
        await StartAsync();
        return new WebhookSecret(Record.ToInfo(_id), secret);
    }

    public Task<WebhookInfo> Get() => Task.FromResult(Record.ToInfo(_id));

    public async Task<WebhookInfo> Update(WebhookUpdate update, AuditOrigin origin)
    {
        _ = Record;
        if (update.Url is { } url) GuardAddress(url);
        await _writer.ChangeAsync(record => Change(record, update), mustStore: true);
        Report(AuditAction.WebhookUpdate, origin);
        if (Record.State is WebhookState.Active) await StartAsync();
        return Record.ToInfo(_id);
    }

    public async Task<WebhookSecret> Rotate(AuditOrigin origin)
    {
        _ = Record;
        var secret = WebhookSignature.NewSecret();
        var sealedSecret = _secrets.Seal(secret);
        var until = _time.GetUtcNow() + OldSecretLifetime;
        await _writer.ChangeAsync(record => record with { OldSecret = record.Secret, OldSecretUntil = until, Secret = sealedSecret }, mustStore: true);
        Report(AuditAction.WebhookRotate, origin);
        return new WebhookSecret(Record.ToInfo(_id), secret);
    }

    public async Task Delete(AuditOrigin origin)
    {
        _ = Record;
        await _writer.ClearAsync();
        Report(AuditAction.WebhookDelete, origin);
        await StopRemindingAsync();
        DeactivateOnIdle();
    }

    public async Task Test()
    {
        GuardActive();
        await _writer.ChangeAsync(record => WebhookSchedule.Add(record, WebhookMessage.Test(_id, _time.GetUtcNow())), mustStore: true);
        _pump.Wake();
    }

    public Task<ImmutableArray<WebhookDelivery>> Deliveries()
    {
        var record = Record;
        return Task.FromResult<ImmutableArray<WebhookDelivery>>([.. record.Pending.Reverse().Select(pending => pending.ToDelivery(DeliveryState.Pending)), .. record.Log.Reverse()]);
    }

    public async Task Replay(long seq)
    {
        GuardActive();
        if (!Record.Pending.Any(pending => pending.Seq == seq) && !Record.Log.Any(logged => logged.Seq == seq)) throw new DeliveryNotFoundException();
        var slice = await _services.Log.ReadAsync(_tenant, seq - 1, 1, CancellationToken.None);
        if (slice.Entries is not [var entry] || entry.Seq != seq) throw new EventsEvictedException(slice.Oldest);
        await _writer.ChangeAsync(record => WebhookSchedule.Add(record, WebhookMessage.Of(entry, _time.GetUtcNow())), mustStore: true);
        _pump.Wake();
    }

    public Task OnAppended()
    {
        _pump.Wake();
        return Task.CompletedTask;
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_writer.Exists && _writer.Current.State is WebhookState.Active) await SubscribeAsync();
        else await StopRemindingAsync();
        _pump.Wake();
    }

    private async Task StartAsync()
    {
        await this.RegisterOrUpdateReminder(WakeReminder, ReminderPeriod, ReminderPeriod);
        await SubscribeAsync();
        _pump.Wake();
    }

    // Without a subscription the reminder does its work, a little later.
    private async Task SubscribeAsync()
    {
        try
        {
            await Feed.Subscribe(this.AsReference<IFeedSubscriber>());
        }
        catch (Exception e) when (Transient.IsTransient(e))
        {
            LogNotSubscribed(e, _id, _tenant);
        }
    }

    private async Task StopRemindingAsync()
    {
        if (await this.GetReminder(WakeReminder) is { } reminder) await this.UnregisterReminder(reminder);
    }

    private WebhookRecord Change(WebhookRecord record, WebhookUpdate update)
    {
        record = record with { Url = update.Url ?? record.Url, Events = update.Events.IsDefault ? record.Events : update.Events, Description = update.Description ?? record.Description };
        return update.State switch
        {
            WebhookState.Disabled when record.State is WebhookState.Active => WebhookSchedule.Disable(record, "its tenant has disabled it"),
            WebhookState.Active when record.State is WebhookState.Disabled => WebhookSchedule.Enable(record, _time.GetUtcNow()),
            _ => record,
        };
    }

    private void GuardActive()
    {
        if (Record.State is WebhookState.Disabled) throw new WebhookDisabledException();
    }

    private void GuardAddress(string url)
    {
        if (_services.Calls.Guard.Validate(url, out _) is { } problem) throw new WebhookAddressException(problem);
    }

    private void Report(string action, AuditOrigin origin) => _services.Audit.Report(new AuditEntry(
        AuditEntry.NewId(), _time.GetUtcNow(), _tenant, action, origin.Actor, new AuditTarget("webhook", _id.Value), origin.Source, origin.TraceId));

    [LoggerMessage(LogLevel.Information, "Webhook {Webhook} of {Tenant} could not subscribe to the feed; it looks each minute.")]
    private partial void LogNotSubscribed(Exception exception, WebhookId webhook, TenantId tenant);
}
